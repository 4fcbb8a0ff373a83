// When to call back: quick choices, said back in words, refused while it is being chosen. No date picker of the browser anywhere.
import AxeBuilder from "@axe-core/playwright";
import type { APIRequestContext, Page } from "@playwright/test";

import { ALYS, GARETH, HANNAH, expect, ours, personOnScreen, pressKey, setStatus, signIn, test } from "./support";

const check = async (page: Page, what: string) => {
  const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
  expect(found.violations.map((violation) => `${violation.id}: ${violation.nodes[0]?.html}`), what).toEqual([]);
};

/** In wrap-up after a short talk, with “Call me back” chosen by its key. */
const askedToCallBack = async (page: Page, request: APIRequestContext) => {
  await request.post("/twilio/admin/scenarios", { data: { match: {}, times: 1, steps: [{ answer: true }, { repeat: "chat" }] } });
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  await pressKey(page, "Alt+n");
  const person = await personOnScreen(page);
  people.push(person.id);
  await pressKey(page, "Alt+c");
  await expect(page.getByTestId("state")).toContainText("Talking");
  await pressKey(page, "Alt+h");
  await page.keyboard.press("Alt+h");
  await expect(page.getByTestId("end-words")).toBeVisible();
  await page.getByTestId("person").focus();
  await page.keyboard.press("4");
  return person;
};

/** What a journey promises is nobody's work afterwards. */
test.afterEach(() => ours("delete from queue.callback where user_id = any($1)", [people.splice(0)]));
const people: string[] = [];

const promisedTo = async (id: string) =>
  (await ours<{ at: string }>(
    "select to_char(promised_wall_time, 'YYYY-MM-DD HH24:MI') as at from queue.callback where user_id = $1 order by id desc limit 1",
    [id],
  ))[0]?.at;

test("a time is chosen by one press, and said back in words", async ({ page, request }) => {
  const person = await askedToCallBack(page, request);
  const times = page.getByRole("group", { name: "Times" });
  // It is a Tuesday.
  await expect(times.getByRole("button")).toHaveText([/^In 1 hour/, /^This evening18:00/, /^TomorrowWed 10:00/, /^Thursday10:00/, /^Other…/]);
  await times.getByRole("button", { name: /^Thursday/ }).click();
  await expect(page.getByTestId("promised")).toHaveText("Call back on Thursday 26 November, 10:00.");
  await expect(times.getByRole("button", { pressed: true })).toHaveText(/Thursday/);
  for (const scheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await check(page, `a quick time, ${scheme}`);
  }
  await page.getByRole("button", { name: /Save and pause/ }).click();
  await expect(page.getByRole("heading", { name: "You are on a break" })).toBeVisible();
  expect(await promisedTo(person.id)).toBe("2026-11-26 10:00");
});

test("what cannot be promised is refused while it is typed, and the next time that can be is one press away, by keys alone", async ({
  page,
  request,
}) => {
  const person = await askedToCallBack(page, request);
  const other = page.getByRole("button", { name: /^Other…/ });
  await other.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("Day", { exact: true })).toBeFocused();
  await page.keyboard.type("Sunday");
  await page.keyboard.press("Tab");
  await page.keyboard.type("10am");
  await expect(page.getByTestId("refused")).toContainText("Calls may not be made at that time.");
  await page.keyboard.press("Tab");
  await expect(page.getByLabel("Time", { exact: true })).toHaveValue("10:00");
  await check(page, "a time that is refused");
  // Save waits: nothing is sent, and what was typed stays.
  await page.getByTestId("person").focus();
  await pressKey(page, "Enter");
  await expect(page.getByText("Choose when to call back.")).toBeVisible();
  await expect(page.getByRole("group", { name: "Times" })).toBeFocused();
  await expect(page.getByLabel("Day", { exact: true })).toHaveValue("Sunday");
  await page.getByLabel("Time", { exact: true }).focus();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "Use Monday 30 November, 09:00" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("promised")).toHaveText("Call back on Monday 30 November, 09:00.");
  await expect(page.getByLabel("Day", { exact: true })).toHaveValue("30 November 2026");
  for (const [day, words] of [
    ["yesterday", "Write the day as"],
    ["23 November 2026", "already past"],
    ["5 January 2027", "at most 30 days"],
    ["31 November", "There is no such day"],
  ] as const) {
    await page.getByLabel("Day", { exact: true }).fill(day);
    await expect(page.locator("#callback-said")).toContainText(words);
  }
  await page.getByLabel("Day", { exact: true }).fill("26/11");
  await expect(page.getByTestId("promised")).toHaveText("Call back on Thursday 26 November, 09:00.");
  await page.getByRole("button", { name: /Save and pause/ }).click();
  await expect(page.getByRole("heading", { name: "You are on a break" })).toBeVisible();
  expect(await promisedTo(person.id)).toBe("2026-11-26 09:00");
});

test("no page has a date picker of the browser, and days are typed as people here write them", async ({ page }) => {
  await signIn(page, GARETH);
  await page.goto("/suppressions");
  const until = page.getByLabel("Until and including (empty: for good)");
  await until.fill("25/12/2027");
  await expect(page.getByText("Saturday 25 December 2027")).toBeVisible();
  await page.getByLabel("Whom: a user's id or a number").fill("07700 900199");
  await page.getByLabel("Why", { exact: true }).fill("They wrote to us");
  await until.fill("25/12");
  await page.getByRole("button", { name: "Put on record" }).click();
  await expect(page.getByText("Write the year too, for example 25 December 2027.")).toBeVisible();
  for (const path of ["/suppressions", "/queues", "/history", "/callbacks"]) {
    await page.goto(path);
    await expect(page.locator("#main")).toBeVisible();
    await expect(page.locator("input[type=date], input[type=datetime-local], input[type=time]")).toHaveCount(0);
    await check(page, path);
  }
});

test("the hours of calling are typed, and tidied up", async ({ page }) => {
  await signIn(page, ALYS);
  await page.goto("/settings");
  const from = page.getByLabel("Saturday from");
  await from.fill("9.30am");
  await from.blur();
  await expect(from).toHaveValue("09:30");
  await expect(page.getByTestId("unstored")).toBeVisible();
  await page.getByRole("button", { name: "Undo what I typed" }).click();
});
