// Twilio's own helper library as a client that knows nothing of us.
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import twilio from "twilio";
import { type Emulator, events, expect, test as base } from "./support";

const ACCOUNT = "AC00000000000000000000000000000001";
const [KEY, SECRET, AUTH_TOKEN] = ["SK00000000000000000000000000000001", "host-api-secret", "host-auth-token"];
const [OURS, ANSWERS, BUSY] = ["+442079460000", "+447700900001", "+447700900002"];

type Hook = { path: string; params: Record<string, string>; isSigned: boolean };

/** Takes webhooks, and has the helper say whether they are signed. */
class Receiver {
  hooks: Hook[] = [];
  twiml: Record<string, string> = {};
  private server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const params = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
      const url = this.url(request.url ?? "/");
      const isSigned = twilio.validateRequest(AUTH_TOKEN, String(request.headers["x-twilio-signature"]), url, params);
      const path = new URL(url).pathname;
      this.hooks.push({ path, params, isSigned });
      response.setHeader("Content-Type", "text/xml").end(this.twiml[path] ?? "<Response/>");
    });
  });

  async listen() {
    await new Promise<void>((done) => this.server.listen(0, "127.0.0.1", done));
  }

  url(path: string) {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}${path}`;
  }

  told(path: string, name: string) {
    return this.hooks.filter((hook) => hook.path === path).map((hook) => hook.params[name]);
  }

  close() {
    this.server.close();
  }
}

const test = base.extend<{ client: ReturnType<typeof twilio>; receiver: Receiver }>({
  client: async ({ baseURL }, use) => {
    const http = new twilio.RequestClient();
    const request = http.request.bind(http);
    http.request = (options) => request({ ...options, uri: options.uri.replace("https://api.twilio.com", `${baseURL}/twilio`) });
    await use(twilio(KEY, SECRET, { accountSid: ACCOUNT, httpClient: http }));
  },
  receiver: async ({ emulator }, use) => {
    expect(emulator).toBeTruthy();
    const receiver = new Receiver();
    await receiver.listen();
    await use(receiver);
    receiver.close();
    expect(receiver.hooks.filter((hook) => !hook.isSigned)).toEqual([]);
  },
});

const leg = async (emulator: Emulator, sid: string) => (await emulator.legs()).find((leg) => leg.sid === sid)!;
const reaches = (emulator: Emulator, sid: string, status: string) =>
  expect.poll(async () => (await leg(emulator, sid)).status, { timeout: 15_000 }).toBe(status);

test("calls are made, read, listed, changed and told of", async ({ client, emulator, receiver }) => {
  const steps = ["initiated", "ringing", "answered", "completed"];
  const voice = new twilio.twiml.VoiceResponse();
  voice.say("Hello");
  voice.gather({ numDigits: 1, timeout: 60, action: receiver.url("/keys") }).pause({ length: 1 });
  const made = await client.calls.create({
    to: ANSWERS,
    from: OURS,
    twiml: voice,
    timeout: 20,
    statusCallback: receiver.url("/status?call=1"),
    statusCallbackEvent: steps,
    machineDetection: "Enable",
    asyncAmd: "true",
    asyncAmdStatusCallback: receiver.url("/amd"),
  });
  expect(made.sid).toMatch(/^CA[0-9a-f]{32}$/);
  expect([made.status, made.direction, made.to, made.from, made.parentCallSid, made.price]).toEqual(["queued", "outbound-api", ANSWERS, OURS, null, null]);
  expect(made.dateCreated).toBeInstanceOf(Date);
  await reaches(emulator, made.sid, "in-progress");
  const call = await client.calls(made.sid).fetch();
  expect([call.status, call.answeredBy]).toEqual(["in-progress", "human"]);
  expect(Math.abs(call.startTime.getTime() - Date.now())).toBeLessThan(60_000);
  expect((await client.calls.list({ status: "in-progress", to: ANSWERS })).map((call) => call.sid)).toEqual([made.sid]);
  const next = new twilio.twiml.VoiceResponse();
  next.pause({ length: 60 });
  receiver.twiml["/next"] = next.toString();
  await client.calls(made.sid).update({ url: receiver.url("/next"), method: "POST" });
  await expect.poll(() => receiver.told("/next", "CallStatus")).toEqual(["in-progress"]);
  await client.calls(made.sid).update({ status: "completed" });
  await reaches(emulator, made.sid, "completed");
  const ended = await client.calls(made.sid).fetch();
  expect([ended.status, Number(ended.duration) >= 0, ended.endTime instanceof Date]).toEqual(["completed", true, true]);
  await expect.poll(() => receiver.told("/status", "CallStatus")).toEqual(["initiated", "ringing", "in-progress", "completed"]);
  expect(receiver.told("/amd", "AnsweredBy")).toEqual(["human"]);
});

test("what is refused has Twilio's number", async ({ client, receiver }) => {
  expect(receiver).toBeTruthy();
  const refused = async (request: Promise<unknown>) => {
    const error = await request.then(() => null, (error: unknown) => error);
    expect(error).toBeInstanceOf(twilio.RestException);
    const { status, code, moreInfo } = error as InstanceType<typeof twilio.RestException>;
    expect(moreInfo).toBe(`https://www.twilio.com/docs/errors/${code}`);
    return [status, code];
  };
  expect(await refused(client.calls.create({ to: "+447700900005", from: OURS, twiml: "<Response/>" }))).toEqual([400, 21211]);
  expect(await refused(client.calls("CA00000000000000000000000000000000").fetch())).toEqual([404, 20404]);
  expect(await refused(client.messages.create({ to: ANSWERS, from: OURS }))).toEqual([400, 21602]);
});

test("participants are added, held, muted, made coaches and removed", async ({ client, emulator, receiver }) => {
  const room = client.conferences("room-1");
  const add = (label: string) =>
    room.participants.create({
      from: OURS,
      to: ANSWERS,
      label,
      beep: "false",
      earlyMedia: false,
      endConferenceOnExit: false,
      conferenceStatusCallback: receiver.url("/conference"),
      conferenceStatusCallbackEvent: ["start", "end", "join", "leave", "mute", "hold", "modify"],
    });
  const [first, second] = [await add("first"), await add("second")];
  await reaches(emulator, first.callSid, "in-progress");
  await reaches(emulator, second.callSid, "in-progress");
  const [conference] = await client.conferences.list({ friendlyName: "room-1", status: "in-progress" });
  const there = client.conferences(conference!.sid).participants;
  expect((await there.list()).map((participant) => participant.label)).toEqual(["first", "second"]);
  expect((await there("first").update({ hold: true, holdUrl: receiver.url("/music"), holdMethod: "POST" })).hold).toBe(true);
  await expect.poll(() => receiver.told("/music", "ConferenceSid").length).toBeGreaterThan(0);
  expect((await there("first").update({ hold: false, muted: true })).muted).toBe(true);
  const coach = await there("second").update({ coaching: true, callSidToCoach: first.callSid });
  expect([coach.coaching, coach.callSidToCoach, coach.status]).toEqual([true, first.callSid, "connected"]);
  expect(await there("second").remove()).toBe(true);
  expect((await client.conferences(conference!.sid).update({ status: "completed" })).status).toBe("completed");
  await expect.poll(() => receiver.told("/conference", "StatusCallbackEvent").at(-1)).toBe("conference-end");
  const told = receiver.told("/conference", "StatusCallbackEvent");
  for (const event of ["participant-hold", "participant-unhold", "participant-mute", "participant-modify"]) expect(told).toContain(event);
});

test("recordings are listed, read, fetched and deleted", async ({ client, emulator, receiver, request }) => {
  const made = await client.conferences("room-2").participants.create({
    from: OURS,
    to: ANSWERS,
    record: true,
    recordingChannels: "dual",
    recordingStatusCallback: receiver.url("/recorded"),
    recordingStatusCallbackEvent: ["in-progress", "completed"],
  });
  await reaches(emulator, made.callSid, "in-progress");
  await client.calls(made.callSid).update({ status: "completed" });
  await expect.poll(() => receiver.told("/recorded", "RecordingStatus")).toEqual(["in-progress", "completed"]);
  const [recording, ...others] = await client.recordings.list({ callSid: made.callSid, dateCreatedAfter: new Date(Date.now() - 86_400_000) });
  expect(others).toEqual([]);
  expect([recording!.status, recording!.channels, recording!.source]).toEqual(["completed", 2, "OutboundAPI"]);
  expect(recording!.mediaUrl).toBe(receiver.told("/recorded", "RecordingUrl")[0]);
  const sound = await request.get(`${recording!.mediaUrl}.wav`, { headers: { Authorization: `Basic ${btoa(`${ACCOUNT}:${AUTH_TOKEN}`)}` } });
  expect([sound.status(), (await sound.body()).subarray(0, 4).toString()]).toEqual([200, "RIFF"]);
  expect((await client.calls(made.callSid).recordings.list()).length).toBe(1);
  expect(await client.recordings(recording!.sid).remove()).toBe(true);
  expect(await client.recordings.list()).toEqual([]);
});

test("messages are sent, listed, emptied and deleted", async ({ client, receiver }) => {
  const made = await client.messages.create({ to: ANSWERS, from: OURS, body: "Hello", statusCallback: receiver.url("/sent") });
  expect([made.status, made.numSegments, made.errorCode, made.messagingServiceSid]).toEqual(["queued", "1", null, null]);
  await expect.poll(() => receiver.told("/sent", "MessageStatus")).toEqual(["queued", "sent", "delivered"]);
  const [message] = await client.messages.list({ to: ANSWERS, dateSentAfter: new Date(Date.now() - 86_400_000) });
  expect([message!.sid, message!.status, message!.dateSent instanceof Date]).toEqual([made.sid, "delivered", true]);
  expect((await client.messages(made.sid).update({ body: "" })).body).toBe("");
  expect(await client.messages(made.sid).remove()).toBe(true);
});

test("queues are made, filled and emptied", async ({ client, emulator, receiver }) => {
  const queue = await client.queues.create({ friendlyName: "support", maxSize: 5 });
  const voice = new twilio.twiml.VoiceResponse();
  voice.enqueue({ action: receiver.url("/waited") }, "support");
  const call = await client.calls.create({ to: ANSWERS, from: OURS, twiml: voice });
  await expect.poll(async () => (await client.queues(queue.sid).fetch()).currentSize, { timeout: 10_000 }).toBe(1);
  const [member] = await client.queues(queue.sid).members.list();
  expect([member!.callSid, member!.position]).toEqual([call.sid, 1]);
  await client.queues(queue.sid).members("Front").update({ url: receiver.url("/next") });
  await reaches(emulator, call.sid, "completed");
  expect(await client.queues(queue.sid).remove()).toBe(true);
});

test("lists are read page by page", async ({ client, receiver }) => {
  expect(receiver).toBeTruthy();
  const made: string[] = [];
  for (let count = 0; count < 5; count += 1) made.unshift((await client.calls.create({ to: BUSY, from: OURS, twiml: "<Response/>" })).sid);
  expect((await client.calls.list({ pageSize: 2 })).map((call) => call.sid)).toEqual(made);
  expect((await client.calls.list({ pageSize: 2, limit: 3 })).length).toBe(3);
});

test("a token that the helper signs registers a browser", async ({ page, emulator }) => {
  const token = new twilio.jwt.AccessToken(ACCOUNT, KEY, SECRET, { identity: "agent", ttl: 600 });
  token.addGrant(new twilio.jwt.AccessToken.VoiceGrant({ outgoingApplicationSid: "AP00000000000000000000000000000001", incomingAllow: true }));
  await page.route("**/token", (route) => route.fulfill({ body: token.toJwt() }));
  await page.evaluate(() => makeDevice());
  await page.evaluate(() => phone.device.register());
  await expect.poll(() => events(page)).toContain("device registered");
  expect((await (await page.request.get("/twilio/admin/presence")).json())[0]).toEqual({ identity: "agent", is_registered: true });
  expect(await emulator.legs()).toEqual([]);
});
