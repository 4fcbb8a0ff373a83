import type { Page } from "@playwright/test";

import { GARETH, HANNAH, MARCUS, alive, elsewhere, expect, expectStatus, ours, personOnScreen, pressKey, setStatus, settled, signIn, skip, test } from "./support";

/** A second window of whoever is signed in. */
const secondWindow = async (page: Page): Promise<Page> => {
  const second = await page.context().newPage();
  await second.goto("/");
  await alive(second);
  return second;
};

/** Counts what a page asks of the server from now on. */
const requests = (page: Page, path: string) => {
  const found: string[] = [];
  page.on("request", (request) => {
    if (request.url().endsWith(path)) found.push(path);
  });
  return found;
};

const status = (page: Page, word: string) => expect(page.getByRole("button", { name: new RegExp(`My status: ${word}`) })).toBeVisible();

test("what an agent does in one window shows in the other", async ({ page }) => {
  await signIn(page, HANNAH);
  const second = await secondWindow(page);
  await setStatus(page, "Available");
  await status(second, "Available");
  await expect(second.locator("#live-polite")).toHaveText("You are available.");

  await pressKey(page, "Alt+n");
  const person = await personOnScreen(page);
  expect((await personOnScreen(second)).id).toBe(person.id);

  // The window that acts is not disturbed by what comes of it: no second check, no other focus, nothing written lost.
  const checks = requests(page, "/api/queue/current");
  await page.getByRole("button", { name: "Skip…" }).click();
  await page.getByLabel("Language").check();
  const note = page.getByLabel(/^Note/);
  await note.fill("Speaks Welsh");
  await setStatus(second, "Break");
  await expect(page.locator("#live-polite")).toHaveText(`You are on a break. ${person.name} stays with you until you skip.`);
  await expect(page.getByTestId("state")).toContainText("they stay with you until you skip");
  await expect(note).toHaveValue("Speaks Welsh");
  await expect(note).toBeFocused();

  await page.getByRole("button", { name: "Skip", exact: true }).click();
  await expect(page.getByTestId("toast")).toContainText("can be offered again");
  await expect(second.getByTestId("notice")).toContainText(`${person.name} is not yours any more: dealt with in another window`);
  await expect(second.getByTestId("person")).toHaveCount(0);
  await expect(page.getByTestId("notice")).toHaveCount(0);
  await settled(page);
  expect(checks).toEqual([]);

  expectStatus(401);
  await page.getByRole("button", { name: /my account/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.waitForURL(/sign-in\?reason=signed_out/);
  await expect(second).toHaveURL(/sign-in\?reason=signed_out/);
});

test("a skip while the other window's person is on their way leaves the window alive", async ({ page }) => {
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  await pressKey(page, "Alt+n");
  const first = await personOnScreen(page);
  const second = await secondWindow(page);
  await personOnScreen(second);
  await page.getByRole("button", { name: "Skip…" }).click();
  await page.getByLabel("Language").check();

  // This window learns who is held only when the other has somebody else, and who that is only after its own skip.
  let look = () => {};
  const hasNext = new Promise<void>((resolve) => (look = resolve));
  await page.route("**/api/queue/held", async (route) => {
    await hasNext;
    await route.continue();
  });
  let deliver = () => {};
  const isSkipped = new Promise<void>((resolve) => (deliver = resolve));
  await page.route("**/api/queue/current", async (route) => {
    const response = await route.fetch();
    await isSkipped;
    await route.fulfill({ response });
  });
  await skip(second);
  await pressKey(second, "Alt+n");
  const next = await personOnScreen(second);
  expect(next.id).not.toBe(first.id);
  const following = page.waitForRequest("**/api/queue/current");
  look();
  await following;
  expectStatus(409);
  const refused = page.waitForResponse("**/api/queue/release");
  await page.getByRole("button", { name: "Skip", exact: true }).click();
  await (await refused).finished();
  deliver();

  await expect.poll(async () => (await personOnScreen(page)).id).toBe(next.id);
  await page.unrouteAll();
  await page.getByRole("button", { name: "Check again" }).click();
  await expect(page.locator("#live-polite")).toContainText(`Checked again. ${next.name}`);
  await skip(page);
  await pressKey(page, "Alt+n");
  await personOnScreen(page);
});

test("what an agent does shows on the floor, and makes no other console ask about itself", async ({ page, browser }) => {
  await signIn(page, HANNAH);
  const floor = await elsewhere(browser, GARETH);
  const marcus = await elsewhere(browser, MARCUS);
  await alive(marcus);
  // What opening the pages has set off is over.
  await settled(marcus);
  const asked = [requests(marcus, "/api/auth/me"), requests(marcus, "/api/queue/held"), requests(marcus, "/api/queue/current")];
  const counts = requests(marcus, "/api/queue/summary");

  await setStatus(page, "Available");
  await pressKey(page, "Alt+n");
  const person = await personOnScreen(page);
  await expect(floor.getByRole("row", { name: /Hannah Whitfield/ })).toContainText(person.id);
  await skip(page);
  await expect(floor.getByRole("row", { name: /Hannah Whitfield/ })).not.toContainText(person.id);
  // A change that is his comes behind theirs: he asks about himself because of it, and had not asked before.
  const [{ id }] = await ours<{ id: string }>("select id::text from auth.agent where email = $1", [MARCUS]);
  const answered = marcus.waitForResponse((answer) => answer.url().endsWith("/api/queue/held"));
  await ours("select pg_notify('dialler_hints', $1)", [JSON.stringify([{ agent: id }])]);
  await answered;

  expect(asked).toEqual([["/api/auth/me"], ["/api/queue/held"], []]);
  // At once for the first change, and once more for whatever came within two seconds of it.
  expect(counts.length).toBeGreaterThan(0);
  expect(counts.length).toBeLessThan(5);
  await floor.close();
  await marcus.close();
});

const held = async () => (await ours<{ count: string }>("select count(*) from queue.lease"))[0]?.count;

test("going offline and signing out say who goes back to the queue, and hand them back at once", async ({ page }) => {
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  await pressKey(page, "Alt+n");
  const person = await personOnScreen(page);
  const button = page.getByRole("button", { name: /My status/ });
  const offline = page.getByRole("menuitemradio", { name: "Offline" });

  await button.click();
  await expect(page.getByRole("menuitemradio", { name: "Break" })).toContainText(`${person.name} stays with you`);
  await expect(offline).toContainText(`${person.name} goes back to the queue`);
  await offline.click();
  const question = page.getByRole("alertdialog", { name: "Go offline?" });
  await expect(question).toContainText(`${person.name} goes back to the queue`);
  await expect(question.getByRole("button", { name: "Stay" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(question).toBeHidden();
  await expect(button).toBeFocused();
  await status(page, "Available");
  expect(await held()).toBe("1");

  await button.click();
  await offline.click();
  await question.getByRole("button", { name: "Go offline" }).click();
  await expect(page.getByTestId("notice")).toContainText(`You are offline, so ${person.name} is back in the queue.`);
  await expect(page.getByRole("heading", { name: "You are offline" })).toBeFocused();
  expect(await held()).toBe("0");

  // Nobody has dealt with them: the same person is next.
  await setStatus(page, "Available");
  await pressKey(page, "Alt+n");
  expect((await personOnScreen(page)).id).toBe(person.id);
  await page.getByRole("button", { name: /my account/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  const leaving = page.getByRole("alertdialog", { name: "Sign out?" });
  await expect(leaving).toContainText(`${person.name} goes back to the queue`);
  await leaving.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL(/sign-in\?reason=signed_out/);
  expect(await held()).toBe("0");
});

test("a supervisor who signs out on the floor is told of the person in the console", async ({ page }) => {
  await signIn(page, GARETH);
  await page.getByRole("link", { name: "Console" }).click();
  await setStatus(page, "Available");
  await pressKey(page, "Alt+n");
  const person = await personOnScreen(page);
  await page.getByRole("link", { name: "Floor" }).click();
  await page.getByRole("button", { name: /my account/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("alertdialog", { name: "Sign out?" })).toContainText(`${person.name} goes back to the queue`);
  await page.getByRole("button", { name: "Stay signed in" }).click();
  expect(await held()).toBe("1");
});
