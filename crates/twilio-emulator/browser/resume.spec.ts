import { events, expect, hears, talk, test } from "./support";

test("a call survives a socket that drops", async ({ page, emulator }) => {
  await talk(page, emulator);
  const before = (await hears(page))!.received;
  await emulator.post("faults", { drop_ws: true });
  await expect.poll(() => events(page), { timeout: 20_000 }).toContain("call reconnected");

  const after = (await hears(page))!.received;
  await expect.poll(async () => (await hears(page))!.received).toBeGreaterThan(Math.max(before, after) + 50);
  expect((await emulator.agent()).status).toBe("in-progress");
  // The line is as good as before: the browser's word still counts.
  await page.evaluate(() => phone.call.disconnect());
  await expect.poll(async () => (await emulator.agent()).status).toBe("completed");
});

test("a call whose browser does not come back in time is over", async ({ page, emulator }) => {
  await page.evaluate(() => makeDevice("", { maxCallSignalingTimeoutMs: 2_000 }));
  await page.evaluate(() => dial({ Number: "+447700900001" }));
  await expect.poll(async () => (await emulator.customer())?.status, { timeout: 20_000 }).toBe("in-progress");
  await emulator.post("faults", { drop_ws: true, refuse_ws_ms: 60_000 });
  await page.waitForTimeout(1_000);
  expect((await emulator.agent()).status).toBe("in-progress");
  await expect.poll(async () => (await emulator.agent()).status, { timeout: 10_000 }).toBe("completed");
});

test("a new token in a call changes nothing about the call", async ({ page, emulator }) => {
  await talk(page, emulator);
  await page.evaluate(async () => phone.device.updateToken(await (await fetch("/token")).text()));
  await expect.poll(async () => (await emulator.journal("signal")).filter((entry) => entry.detail.heard === "resume").length).toBe(1);
  const before = (await hears(page))!.received;
  await expect.poll(async () => (await hears(page))!.received).toBeGreaterThan(before + 50);
  expect((await emulator.agent()).status).toBe("in-progress");
});

test("another way for the media is found without ending the call", async ({ page, emulator }) => {
  await talk(page, emulator);
  await page.evaluate(() => phone.call._mediaHandler.iceRestart());
  await expect.poll(async () => (await emulator.journal("signal")).some((entry) => entry.detail.heard === "reinvite")).toBe(true);
  await page.waitForTimeout(1_000);
  const before = [(await hears(page))!.received, (await emulator.agent()).media.received.packets];
  await expect.poll(async () => (await hears(page))!.received).toBeGreaterThan(before[0] + 50);
  expect((await emulator.agent()).media.received.packets).toBeGreaterThan(before[1] + 30);
});
