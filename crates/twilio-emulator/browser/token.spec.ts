import type { Page } from "@playwright/test";
import { events, expect, test } from "./support";

/** Registering with a bad token never settles, so nobody waits for it. */
const register = (page: Page, query: string) =>
  page.evaluate((query) => {
    void makeDevice(query).then(() => phone.device.register());
  }, query);

test("a good token registers, and unregisters", async ({ page, emulator }) => {
  await register(page, "");
  await expect.poll(() => events(page)).toContain("device registered");
  expect(await page.evaluate(() => phone.device.identity)).toBe("agent");
  await page.evaluate(() => phone.device.unregister());
  await expect.poll(() => events(page)).toContain("device unregistered");
  expect(emulator).toBeTruthy();
});

test("a token that somebody else signed is invalid", async ({ page, emulator }) => {
  await register(page, "?secret=somebody");
  await expect.poll(() => events(page)).toContain("device error 20101");
  expect(await emulator.legs()).toEqual([]);
});

test("a token of yesterday is expired", async ({ page, emulator }) => {
  await register(page, "?ttl=-60");
  await expect.poll(() => events(page)).toContain("device error 20104");
  expect(await emulator.legs()).toEqual([]);
});

test("the page is told before its token expires", async ({ page, emulator }) => {
  await page.evaluate(() => makeDevice("?ttl=14", { tokenRefreshMs: 11_000 }));
  await page.evaluate(() => phone.device.register());
  await expect.poll(() => events(page), { timeout: 8_000 }).toContain("device tokenWillExpire");
  expect(emulator).toBeTruthy();
});
