import type { APIRequestContext, BrowserContext, Page } from "@playwright/test";
import { type Emulator, events, expect, hears, talk, test } from "./support";

const ACCOUNT = "/twilio/2010-04-01/Accounts/AC00000000000000000000000000000001";
const headers = { Authorization: `Basic ${btoa("SK00000000000000000000000000000001:host-api-secret")}` };
/** Says nothing, so that whatever is heard is one of the browsers. */
const SILENT = "+447700900101";

const post = async (request: APIRequestContext, path: string, form: Record<string, string>) => {
  const answer = await request.post(`${ACCOUNT}/${path}`, { headers, form });
  expect(answer.ok(), await answer.text()).toBe(true);
  return answer.json();
};

/** The agent talks with somebody silent, and a supervisor's browser is called into their conference and accepts. */
const meet = async (page: Page, context: BrowserContext, emulator: Emulator, request: APIRequestContext, form: Record<string, string>) => {
  await emulator.post("scenarios", { match: { to: SILENT }, steps: [{ answer: true }] });
  await talk(page, emulator, SILENT);
  const [agent, customer] = [(await emulator.agent()).sid, (await emulator.customer())!.sid];
  const { conferences } = await (await request.get(`${ACCOUNT}/Conferences.json`, { headers })).json();
  const room: string = conferences[0].sid;

  const other = await context.newPage();
  await other.goto("/");
  await other.evaluate(() => makeDevice("?identity=supervisor"));
  await other.evaluate(() => phone.device.register());
  await expect.poll(() => events(other)).toContain("device registered");
  const all = { From: "+442079460000", To: "client:supervisor", Label: "supervisor", Beep: "false", EarlyMedia: "false", ...form };
  const made = await post(request, `Conferences/${room}/Participants.json`, all);
  await expect.poll(() => events(other), { timeout: 10_000 }).toContain("incoming +442079460000 {}");
  await other.evaluate(() =>
    phone.call.accept({ rtcConstraints: { audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } } }),
  );
  await expect.poll(async () => (await hears(other))?.received ?? 0, { timeout: 10_000 }).toBeGreaterThan(20);
  const supervisor: string = made.call_sid;
  const sent = async (sid: string) => (await emulator.legs()).find((leg) => leg.sid === sid)!.media.sent.recent_rms;
  const change = (form: Record<string, string>) => post(request, `Conferences/${room}/Participants/supervisor.json`, form);
  return { other, agent, customer, supervisor, room, sent, change };
};

test("a supervisor listens, whispers and speaks to both", async ({ page, context, emulator, request }) => {
  const { other, agent, customer, sent, change } = await meet(page, context, emulator, request, { Muted: "true" });
  // Who listens hears the agent and is heard by nobody.
  await expect.poll(async () => (await hears(other))!.level).toBeGreaterThan(0.05);
  await expect.poll(() => sent(agent)).toBeLessThan(50);
  await page.evaluate(() => phone.call.mute(true));
  await expect.poll(() => sent(customer)).toBeLessThan(50);

  await change({ Muted: "false", Coaching: "true", CallSidToCoach: agent });
  await expect.poll(async () => (await hears(page))!.level).toBeGreaterThan(0.05);
  await expect.poll(() => sent(agent)).toBeGreaterThan(500);
  expect(await sent(customer), "whispered").toBeLessThan(50);

  await change({ Coaching: "false" });
  await expect.poll(() => sent(customer)).toBeGreaterThan(500);
  await change({ Muted: "true" });
  await expect.poll(() => sent(customer)).toBeLessThan(50);
});

test("a call is handed over to a supervisor and goes on when the agent leaves", async ({ page, context, emulator, request }) => {
  const { other, customer, supervisor, sent } = await meet(page, context, emulator, request, {});
  await page.evaluate(() => phone.call.disconnect());
  await expect.poll(async () => (await emulator.agent()).status).toBe("completed");
  await expect.poll(() => sent(customer), { message: "the supervisor's microphone" }).toBeGreaterThan(500);
  const before = (await hears(other))!.received;
  await expect.poll(async () => (await hears(other))!.received).toBeGreaterThan(before + 50);

  await emulator.post(`calls/${customer}/hangup`);
  await expect.poll(() => events(other)).toContain("call disconnect");
  expect((await emulator.legs()).find((leg) => leg.sid === supervisor)!.status).toBe("completed");
});
