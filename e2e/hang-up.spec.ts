// What the agent ends is over, also when the network is not there (lessons, line 65), and nothing is said of another window that is not so.
import type { APIRequestContext, Page } from "@playwright/test";

import { admin, dock, legs, next, state } from "./carrier";
import { HANNAH, alive, expect, expectErrors, ours, personOnScreen, pressKey, setStatus, signIn, test } from "./support";

const ANSWERS = [{ ring_ms: 300 }, { answer: true }, { repeat: "chat" }];

const wrapUp = (page: Page) => page.getByRole("radiogroup", { name: "What came of the call?" });
const personIs = async (request: APIRequestContext) => (await legs(request)).find((leg) => leg.to.startsWith("+"))?.status;
const end = async (userId: string) => (await ours<{ end_reason: string }>("select end_reason from calls.call where user_id = $1", [userId]))[0]?.end_reason;

/** Everything that the telephone's bar has said since the page was loaded. */
const said = (page: Page) => page.evaluate(() => [...(window as unknown as { said: Set<string> }).said].join("\n"));

const talk = async (page: Page, request: APIRequestContext, steps: object[]) => {
  await next(request, ...steps);
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  await pressKey(page, "Alt+n");
  const person = await personOnScreen(page);
  await pressKey(page, "Alt+c");
  await expect(state(page)).toContainText("Talking");
  return person;
};

test.beforeEach(async ({ context, request }) => {
  await admin(request, "reset");
  await context.addInitScript(() => {
    const said = new Set<string>();
    Object.assign(window, { said });
    const listen = () => said.add(document.querySelector("footer[aria-label=Telephone]")?.textContent ?? "");
    new MutationObserver(listen).observe(document, { childList: true, subtree: true, characterData: true });
  });
});

test("hanging up without a network is repeated by itself as soon as the server is heard", async ({ page, context, request }) => {
  test.setTimeout(60_000);
  expectErrors("net::ERR_", "Failed to fetch", "WebSocket connection to");
  const person = await talk(page, request, ANSWERS);
  await context.setOffline(true);
  await pressKey(page, "Alt+h");
  await page.keyboard.press("Alt+h");
  await expect(state(page)).toContainText("Hanging up");
  await expect(page.getByRole("alert").filter({ hasText: "The server has not heard that you hung up" })).toContainText("told again by itself");
  expect(await personIs(request)).toBe("in-progress");

  await context.setOffline(false);
  await expect(wrapUp(page)).toBeVisible({ timeout: 15_000 });
  await expect(page.getByTestId("end-words")).toHaveText("You hung up.");
  await expect.poll(() => personIs(request)).toBe("completed");
  expect(await end(person.id)).toBe("by_agent");
  for (const words of ["another window", "You are not on the line", "Talk here"]) expect(await said(page)).not.toContain(words);
});

test("a hang-up that the server has not heard survives a reload", async ({ page, request }) => {
  test.setTimeout(60_000);
  expectErrors("net::ERR_FAILED");
  const person = await talk(page, request, ANSWERS);
  await page.route("**/api/calls/hang_up", (route) => route.abort());
  await pressKey(page, "Alt+h");
  await page.keyboard.press("Alt+h");
  await expect(state(page)).toContainText("Hanging up");
  await page.reload();
  await alive(page);
  await expect(state(page)).toContainText("Hanging up");
  await page.unroute("**/api/calls/hang_up");
  await expect(wrapUp(page)).toBeVisible({ timeout: 15_000 });
  await expect.poll(() => personIs(request)).toBe("completed");
  expect(await end(person.id)).toBe("by_agent");
  for (const words of ["another window", "Talk here"]) expect(await said(page)).not.toContain(words);
});

test("when the other side ends the call, nothing flashes beside Hang up meanwhile", async ({ page, request }) => {
  const person = await talk(page, request, [{ ring_ms: 300 }, { answer: true }, { hangup_after_ms: 2_000 }]);
  // The word of the end comes a second after the end itself.
  await page.route("**/api/calls/find", async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await route.continue();
  });
  await expect(wrapUp(page)).toBeVisible({ timeout: 15_000 });
  expect(await end(person.id)).toBe("by_person");
  const words = await said(page);
  expect(words).toContain("Talking");
  for (const wrong of ["another window", "You are not on the line", "Talk here"]) expect(words).not.toContain(wrong);
  await expect(dock(page).getByRole("button", { name: /^Save and next/ })).toBeEnabled();
});
