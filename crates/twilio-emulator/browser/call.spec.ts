import { events, expect, hears, ring, talk, test } from "./support";

test("a call goes through a conference to somebody who answers, and both are heard", async ({ page, emulator }) => {
  await talk(page, emulator);
  await page.waitForTimeout(6_000);

  const browser = (await hears(page))!;
  const [agent, customer] = [await emulator.agent(), (await emulator.customer())!];
  expect(browser.received).toBeGreaterThan(250);
  expect(browser.sent).toBeGreaterThan(250);
  expect(browser.energy).toBeGreaterThan(0.01);
  expect(agent.media.received.packets).toBeGreaterThan(250);
  expect(agent.media.received.voiced).toBeGreaterThan(200);
  expect(agent.media.sent.voiced).toBeGreaterThan(50);
  expect(customer.media.sent.voiced).toBeGreaterThan(200);
  expect(customer.media.received.voiced).toBeGreaterThan(50);
  expect(await events(page)).toContain("call accept");
  expect(await emulator.told("/voice")).toEqual([" ringing"]);
  expect(await emulator.told("/conference")).toEqual(["participant-join", "participant-join", "conference-start"]);
  expect(await emulator.told("/status")).toEqual(["initiated", "ringing", "in-progress"].map((status) => `+447700900001 ${status}`));
});

test("keys that the agent presses arrive at the other end", async ({ page, emulator }) => {
  await talk(page, emulator);
  await page.evaluate(() => phone.call.sendDigits("12#9"));
  await expect.poll(async () => (await emulator.agent()).media.digits).toBe("12#9");
  expect((await emulator.customer())!.media.digits).toBe("12#9");
});

test("an agent who is muted is not heard, and is heard again afterwards", async ({ page, emulator }) => {
  await talk(page, emulator);
  await expect.poll(async () => (await emulator.agent()).media.received.recent_rms).toBeGreaterThan(1_000);

  await page.evaluate(() => phone.call.mute(true));
  await expect.poll(async () => (await emulator.agent()).media.received.recent_rms).toBeLessThan(10);
  await expect.poll(async () => (await emulator.customer())!.media.sent.recent_rms).toBeLessThan(10);
  const before = (await emulator.agent()).media.received.packets;
  await page.waitForTimeout(500);
  expect((await emulator.agent()).media.received.packets, "silence is sent, not nothing").toBeGreaterThan(before + 10);

  await page.evaluate(() => phone.call.mute(false));
  await expect.poll(async () => (await emulator.customer())!.media.sent.recent_rms).toBeGreaterThan(1_000);
});

test("packets of sound that are lost leave silence, and the call goes on", async ({ page, emulator }) => {
  await talk(page, emulator);
  await emulator.post("faults", { packet_loss: 1 });
  await page.waitForTimeout(500);
  const [received, said] = [(await hears(page))!.received, (await emulator.agent()).media.received.packets];
  await page.waitForTimeout(5_000);
  expect((await hears(page))!.received - received).toBeLessThan(3);
  expect((await emulator.agent()).media.received.packets - said).toBeLessThan(3);
  expect((await emulator.agent()).status).toBe("in-progress");
  expect(await events(page)).not.toContain("call disconnect");

  await emulator.post("faults", { packet_loss: 0 });
  await expect.poll(async () => (await hears(page))!.received).toBeGreaterThan(received + 50);
  await expect.poll(async () => (await emulator.agent()).media.received.packets).toBeGreaterThan(said + 50);
});

test("an echo comes back to the browser that spoke", async ({ page, emulator }) => {
  await talk(page, emulator, "+447700900009");
  await expect.poll(async () => (await hears(page))!.level).toBeGreaterThan(0.05);
  await page.evaluate(() => phone.call.mute(true));
  await expect.poll(async () => (await hears(page))!.level).toBeLessThan(0.005);
});

test("when the customer hangs up, the conference and the agent's call end", async ({ page, emulator }) => {
  await talk(page, emulator);
  const told = (await emulator.told("/conference")).length;
  await emulator.post(`calls/${(await emulator.customer())!.sid}/hangup`);

  await expect.poll(() => events(page)).toContain("call disconnect");
  await expect.poll(async () => (await emulator.told("/conference")).slice(told)).toEqual([
    "participant-leave",
    "participant-leave",
    "conference-end",
  ]);
  expect((await emulator.legs()).map((leg) => leg.status)).toEqual(["completed", "completed"]);
});

test("when the agent hangs up, the customer stays until somebody ends it", async ({ page, emulator, request }) => {
  await talk(page, emulator);
  await page.evaluate(() => phone.call.disconnect());
  await expect.poll(async () => (await emulator.agent()).status).toBe("completed");
  await page.waitForTimeout(500);
  expect((await emulator.customer())!.status).toBe("in-progress");

  const account = "/twilio/2010-04-01/Accounts/AC00000000000000000000000000000001";
  const headers = { Authorization: `Basic ${btoa("SK00000000000000000000000000000001:host-api-secret")}` };
  const sid = (await emulator.customer())!.sid;
  const answer = await request.post(`${account}/Calls/${sid}.json`, { headers, form: { Status: "completed" } });
  expect(answer.status()).toBe(200);
  await expect.poll(async () => (await emulator.customer())!.status).toBe("completed");
});

test("when the agent's leaving is the end, the customer's call ends too", async ({ page, emulator }) => {
  await page.evaluate(() => makeDevice());
  await page.evaluate(() => dial({ Number: "+447700900001", Ends: "true" }));
  await expect.poll(async () => (await emulator.customer())?.status, { timeout: 20_000 }).toBe("in-progress");
  await page.evaluate(() => phone.call.disconnect());
  await expect.poll(async () => (await emulator.customer())!.status).toBe("completed");
});

for (const [number, status, timeout] of [
  ["+447700900002", "busy", "30"],
  ["+447700900003", "no-answer", "8"],
  ["+447700900004", "failed", "30"],
]) {
  test(`a call that ends ${status} never disturbs the agent's own`, async ({ page, emulator }) => {
    await ring(page, { Number: number, Timeout: timeout });
    await expect.poll(async () => (await emulator.customer())?.status, { timeout: 20_000 }).toBe(status);
    expect((await emulator.agent()).status).toBe("in-progress");
    await expect.poll(() => emulator.told("/status")).toContain(`${number} ${status}`);
    expect((await emulator.customer())!.answered_at).toBeNull();
    const told = await emulator.told("/conference");
    expect(told.slice(-1)).toEqual(["participant-leave"]);
    expect(await events(page)).not.toContain("call disconnect");
  });
}

test("a number that cannot be called is refused by REST", async ({ page, emulator }) => {
  await ring(page, { Number: "+447700900005" });
  await expect.poll(async () => (await emulator.journal("rest")).map((entry) => entry.detail.status)).toEqual([400]);
  expect(await emulator.customer()).toBeUndefined();
});

test("with answerOnBridge the agent hears ringing until the customer answers", async ({ page, emulator }) => {
  await page.evaluate(() => makeDevice());
  await page.evaluate(() => dial({ Number: "+447700900001", Say: "bridge" }));
  await expect.poll(() => events(page)).toContain("call ringing");
  expect(await events(page)).not.toContain("call accept");
  await expect.poll(() => events(page), { timeout: 20_000 }).toContain("call accept");
  await expect.poll(async () => (await hears(page))?.energy ?? 0).toBeGreaterThan(0.01);
});

test("a call that the application rejects is busy", async ({ page, emulator }) => {
  await page.evaluate(() => makeDevice());
  await page.evaluate(() => dial({ Say: "reject" }));
  await expect.poll(() => events(page)).toContain("call error 31486");
  await expect.poll(async () => (await emulator.agent()).status).toBe("busy");
});

test("a document that cannot be followed is heard as an error and ends the call", async ({ page, emulator }) => {
  await page.evaluate(() => makeDevice());
  await page.evaluate(() => dial({ Say: "broken" }));
  await expect.poll(async () => (await hears(page))?.energy ?? 0).toBeGreaterThan(0.005);
  await expect.poll(() => events(page)).toContain("call disconnect");
  expect((await emulator.journal("problem")).map((entry) => entry.detail.code)).toEqual([12200]);
});

test("a message of the page is acknowledged", async ({ page, emulator }) => {
  await talk(page, emulator);
  await page.evaluate(() => phone.call.sendMessage({ content: { hello: 1 }, messageType: "user-defined-message" }));
  await expect.poll(() => events(page)).toContain("call messageSent");
});
