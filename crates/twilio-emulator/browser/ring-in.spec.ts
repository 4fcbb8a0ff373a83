import type { APIRequestContext, Page } from "@playwright/test";
import { type Emulator, type Leg, events, expect, hears, test as base } from "./support";

const [CALLER, OURS] = ["+447700900199", "+442079460000"];

const test = base.extend<{ script: (twiml: string) => Promise<void> }>({
  script: async ({ request }, use) => {
    await use(async (verbs) => {
      const answer = await request.put("/ring-in", { data: `<Response>${verbs}</Response>`, headers: { "Content-Type": "text/plain" } });
      expect(answer.ok()).toBe(true);
    });
    await request.put("/ring-in", { data: "" });
  },
});

const register = async (page: Page) => {
  await page.evaluate(() => makeDevice());
  await page.evaluate(() => phone.device.register());
  await expect.poll(() => events(page)).toContain("device registered");
};

const accept = (page: Page) =>
  page.evaluate(() =>
    phone.call.accept({ rtcConstraints: { audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } } }),
  );

const caller = async (emulator: Emulator): Promise<Leg> => (await emulator.legs()).find((leg) => leg.from === CALLER && leg.to === OURS)!;

/** One field of every message about what came after. */
const after = async (request: APIRequestContext, name: string): Promise<string[]> => {
  const hooks: { path?: string; form: Record<string, string> }[] = await (await request.get("/hooks")).json();
  return hooks.filter((hook) => hook.path === "/after").map((hook) => hook.form[name] ?? "");
};

test("somebody who rings in talks with the agent's browser", async ({ page, emulator, request, script }) => {
  await register(page);
  await script(`<Say>Hello</Say><Dial timeout="20" action="/after"><Client>agent</Client></Dial>`);
  await emulator.post("calls/incoming", { from: CALLER, to: OURS, steps: [{ repeat: "chat" }] });
  await expect.poll(() => events(page), { timeout: 15_000 }).toContain(`incoming ${CALLER} {}`);
  await accept(page);
  await expect.poll(() => events(page)).toContain("call accept");
  await page.waitForTimeout(4_000);

  const heard = (await hears(page))!;
  expect(heard.received).toBeGreaterThan(150);
  expect(heard.energy).toBeGreaterThan(0.01);
  const leg = await caller(emulator);
  expect(leg.status).toBe("in-progress");
  await expect.poll(async () => (await caller(emulator)).media.sent.recent_rms, { message: "the agent's microphone" }).toBeGreaterThan(1_000);
  await page.evaluate(() => phone.call.mute(true));
  await expect.poll(async () => (await caller(emulator)).media.sent.recent_rms).toBeLessThan(50);
  await page.evaluate(() => phone.call.disconnect());
  await expect.poll(() => after(request, "DialCallStatus")).toEqual(["completed"]);
  await expect.poll(async () => (await caller(emulator)).status).toBe("completed");
});

test("somebody whom no agent answers leaves a message", async ({ page, emulator, request, script }) => {
  await register(page);
  await script(`<Dial timeout="8"><Client>agent</Client></Dial><Record timeout="2" action="/after"/>`);
  const steps = [{ wait_ms: 13_000 }, { play: "hello" }];
  await emulator.post("calls/incoming", { from: CALLER, to: OURS, steps });
  await expect.poll(() => events(page), { timeout: 15_000 }).toContain("call cancel");
  await expect.poll(() => after(request, "RecordingDuration"), { timeout: 20_000 }).toHaveLength(1);
  expect(Number((await after(request, "RecordingDuration"))[0])).toBeGreaterThan(3);
  const headers = { Authorization: `Basic ${btoa("SK00000000000000000000000000000001:host-api-secret")}` };
  const [url] = await after(request, "RecordingUrl");
  await expect.poll(async () => (await request.get(`${url}.wav`, { headers })).status()).toBe(200);
});

test("a caller who gives up rings the agent no more", async ({ page, emulator, script }) => {
  await register(page);
  await script(`<Dial timeout="60"><Client>agent</Client></Dial>`);
  await emulator.post("calls/incoming", { from: CALLER, to: OURS, steps: [{ wait_ms: 8_000 }, { hangup_after_ms: 0 }] });
  await expect.poll(() => events(page), { timeout: 15_000 }).toContain(`incoming ${CALLER} {}`);
  await expect.poll(() => events(page), { timeout: 15_000 }).toContain("call cancel");
  await expect.poll(async () => (await caller(emulator)).status).toBe("completed");
});
