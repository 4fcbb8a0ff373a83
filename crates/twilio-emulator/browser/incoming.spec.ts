import type { APIRequestContext, Page } from "@playwright/test";
import { type Emulator, events, expect, hears, test } from "./support";

const ACCOUNT = "/twilio/2010-04-01/Accounts/AC00000000000000000000000000000001";
const headers = { Authorization: `Basic ${btoa("SK00000000000000000000000000000001:host-api-secret")}` };

const register = async (page: Page) => {
  await page.evaluate(() => makeDevice("", { allowIncomingWhileBusy: true }));
  await page.evaluate(() => phone.device.register());
  await expect.poll(() => events(page)).toContain("device registered");
};

/** Calls the agent's browser; answers the call's sid. */
const call = async (request: APIRequestContext, Twiml: string): Promise<string> => {
  const form = { To: "client:agent?lead=42", From: "+442079460000", Timeout: "20", Twiml };
  const answer = await request.post(`${ACCOUNT}/Calls.json`, { headers, form });
  expect(answer.status(), await answer.text()).toBe(201);
  return (await answer.json()).sid;
};

const status = async (emulator: Emulator, sid: string) => (await emulator.legs()).find((leg) => leg.sid === sid)!.status;
const incoming = 'incoming +442079460000 {"lead":"42"}';

const accept = (page: Page) =>
  page.evaluate(() =>
    phone.call.accept({ rtcConstraints: { audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } } }),
  );

test("an incoming call that is accepted is heard both ways", async ({ page, emulator, request }) => {
  await register(page);
  const sid = await call(request, "<Response><Say loop='50'>Hello</Say></Response>");
  await expect.poll(() => events(page), { timeout: 10_000 }).toContain(incoming);
  expect(await status(emulator, sid)).toBe("ringing");
  await accept(page);
  await expect.poll(() => events(page)).toContain("call accept");
  await page.waitForTimeout(4_000);

  const heard = (await hears(page))!;
  expect(heard.received).toBeGreaterThan(150);
  expect(heard.sent).toBeGreaterThan(150);
  expect(heard.energy).toBeGreaterThan(0.01);
  const leg = (await emulator.legs()).find((leg) => leg.sid === sid)!;
  expect(leg.status).toBe("in-progress");
  expect(leg.media.received.voiced).toBeGreaterThan(100);
  expect(leg.media.sent.voiced).toBeGreaterThan(50);
  await page.evaluate(() => phone.call.disconnect());
  await expect.poll(() => status(emulator, sid)).toBe("completed");
});

test("an incoming call that is declined is busy", async ({ page, emulator, request }) => {
  await register(page);
  const sid = await call(request, "<Response><Pause length='60'/></Response>");
  await expect.poll(() => events(page), { timeout: 10_000 }).toContain(incoming);
  await page.evaluate(() => phone.call.reject());
  await expect.poll(() => status(emulator, sid)).toBe("busy");
});

test("an incoming call that nobody accepts is missed", async ({ page, emulator, request }) => {
  await register(page);
  const sid = await call(request, "<Response><Pause length='60'/></Response>");
  await expect.poll(() => events(page), { timeout: 10_000 }).toContain(incoming);
  await expect.poll(() => events(page), { timeout: 15_000 }).toContain("call cancel");
  await expect.poll(() => status(emulator, sid)).toBe("no-answer");
});

test("a call that the application ends is over in the browser", async ({ page, emulator, request }) => {
  await register(page);
  const sid = await call(request, "<Response><Pause length='60'/></Response>");
  await expect.poll(() => events(page), { timeout: 10_000 }).toContain(incoming);
  await accept(page);
  await expect.poll(() => status(emulator, sid)).toBe("in-progress");
  const answer = await request.post(`${ACCOUNT}/Calls/${sid}.json`, { headers, form: { Status: "completed" } });
  expect(answer.ok()).toBe(true);
  await expect.poll(() => events(page)).toContain("call disconnect");
});

test("the keys of an incoming call reach the application", async ({ page, emulator, request }) => {
  await register(page);
  const sid = await call(request, "<Response><Gather numDigits='2' timeout='20'/><Hangup/></Response>");
  await expect.poll(() => events(page), { timeout: 10_000 }).toContain(incoming);
  await accept(page);
  await expect.poll(async () => (await hears(page))?.received ?? 0).toBeGreaterThan(20);
  await page.evaluate(() => phone.call.sendDigits("42"));
  await expect.poll(async () => (await emulator.legs()).find((leg) => leg.sid === sid)!.media.digits).toBe("42");
  await expect.poll(() => status(emulator, sid), { timeout: 5_000 }).toBe("completed");
});
