import type { APIRequestContext } from "@playwright/test";
import { type Emulator, expect, hears, talk, test } from "./support";

const ACCOUNT = "/twilio/2010-04-01/Accounts/AC00000000000000000000000000000001";
const headers = { Authorization: `Basic ${btoa("SK00000000000000000000000000000001:host-api-secret")}` };

const post = async (request: APIRequestContext, path: string, form: Record<string, string>) => {
  const answer = await request.post(`${ACCOUNT}/${path}`, { headers, form });
  expect(answer.ok(), await answer.text()).toBe(true);
  return answer.json();
};

/** The conference that the newest agent is in. */
const conference = async (request: APIRequestContext): Promise<string> => {
  const { conferences } = await (await request.get(`${ACCOUNT}/Conferences.json`, { headers })).json();
  return conferences[0].sid;
};

const customerHears = async (emulator: Emulator) => (await emulator.customer())!.media.sent.recent_rms;

test("a customer on hold hears music, and neither hears the other", async ({ page, emulator, request }) => {
  await talk(page, emulator, "+447700900009");
  await expect.poll(async () => (await hears(page))!.level).toBeGreaterThan(0.05);
  const customer = `Conferences/${await conference(request)}/Participants/customer.json`;

  await post(request, customer, { Hold: "true" });
  await page.evaluate(() => phone.call.mute(true));
  await expect.poll(() => customerHears(emulator)).toBeGreaterThan(300);
  await expect.poll(async () => (await hears(page))!.level).toBeLessThan(0.005);
  const { received } = (await hears(page))!;
  await expect.poll(async () => (await hears(page))!.received, { message: "silence is sent, not nothing" }).toBeGreaterThan(received + 25);

  await page.evaluate(() => phone.call.mute(false));
  await post(request, customer, { Hold: "false" });
  await expect.poll(async () => (await hears(page))!.level).toBeGreaterThan(0.05);
});

test("whoever coaches the agent is heard by the agent alone", async ({ page, emulator, request }) => {
  const silent = { match: { to: "+447700900101" }, steps: [{ answer: true }] };
  await emulator.post("scenarios", silent);
  await talk(page, emulator, "+447700900101");
  await page.evaluate(() => phone.call.mute(true));
  await expect.poll(() => customerHears(emulator)).toBeLessThan(50);
  const customer = (await emulator.customer())!;
  const room = await conference(request);
  const [From, To, CallSidToCoach] = ["+442079460000", "+447700900001", (await emulator.agent()).sid];
  await post(request, `Conferences/${room}/Participants.json`, { From, To, CallSidToCoach, EarlyMedia: "false", Beep: "false" });

  await expect.poll(async () => (await hears(page))!.level, { timeout: 15_000 }).toBeGreaterThan(0.05);
  const heard = (await emulator.legs()).find((leg) => leg.sid === customer.sid)!.media.sent;
  expect(heard.recent_rms, "nothing of it for the customer").toBeLessThan(50);
});

test("what is recorded is the customer on the left and the agent on the right", async ({ page, emulator, request }) => {
  await talk(page, emulator);
  const call = (await emulator.customer())!.sid;
  const { sid } = await post(request, `Calls/${call}/Recordings.json`, { RecordingChannels: "dual" });
  await page.waitForTimeout(4_000);
  await post(request, `Calls/${call}.json`, { Status: "completed" });
  const recording = async () => (await request.get(`${ACCOUNT}/Recordings/${sid}.json`, { headers })).json();
  await expect.poll(async () => (await recording()).status).toBe("completed");
  expect(Number((await recording()).duration)).toBeGreaterThanOrEqual(4);

  // The browser's own decoder is the judge of whether it is a sound.
  const bytes = await (await request.get(`${ACCOUNT}/Recordings/${sid}.wav`, { headers })).body();
  const loudness = await page.evaluate(async (base64) => {
    const file = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const sound = await new OfflineAudioContext(2, 1, 8_000).decodeAudioData(file.buffer);
    const rms = (samples: Float32Array) => Math.sqrt(samples.reduce((sum, sample) => sum + sample ** 2, 0) / samples.length);
    return [...Array(sound.numberOfChannels).keys()].map((channel) => rms(sound.getChannelData(channel)));
  }, bytes.toString("base64"));
  expect(loudness.length).toBe(2);
  expect(loudness[0], "the customer").toBeGreaterThan(0.01);
  expect(loudness[1], "the agent's microphone").toBeGreaterThan(0.01);
});
