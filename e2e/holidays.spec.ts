// Days without calls: an administrator adds one, and it counts at once; a newer list is loaded from a file; the end of the list is told.
import { readFileSync } from "node:fs";
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { ALYS, GARETH, HANNAH, elsewhere, expect, expectStatus, ours, personOnScreen, setStatus, signIn, skip, test } from "./support";

type Event = { title: string; date: string; notes: string; bunting: boolean };

/** The shipped list with one more year: that of 2028, a year later. */
const newerList = (): string => {
  const file = JSON.parse(readFileSync("crates/queue/data/bank-holidays.json", "utf8"));
  const events: Event[] = file["england-and-wales"].events;
  const more = events.filter((event) => event.date.startsWith("2028")).map((event) => ({ ...event, date: event.date.replace("2028", "2029") }));
  file["england-and-wales"].events = [...events, ...more];
  return JSON.stringify(file);
};

const check = async (page: Page, what: string) => {
  const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
  expect(found.violations.map((violation) => `${violation.id}: ${violation.nodes[0]?.html}`), what).toEqual([]);
};

test.afterEach(async () => {
  await ours("delete from queue.holiday where added_in > 1");
  await ours("update queue.holiday set removed_in = null");
  await ours("delete from queue.holiday_change where version > 1");
});

test("a day that an administrator adds counts at once, and a bad file changes nothing", async ({ page, browser }) => {
  expectStatus(422);
  await signIn(page, ALYS);
  const agent = await elsewhere(browser, HANNAH);
  await setStatus(agent, "Available");
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByRole("link", { name: "Bank holidays" }).click();
  const list = page.getByRole("region", { name: "Days without calls" });
  await expect(list.getByRole("row", { name: /^Saturday 26 December 2026/ })).toContainText("always closed");
  await expect(list.getByRole("row", { name: /^Monday 28 December 2026/ })).toContainText("official list");
  await expect(list.getByRole("button")).toHaveCount(0);

  await page.getByRole("button", { name: "Add a day…" }).click();
  const dialog = page.getByRole("dialog");
  const add = dialog.getByRole("button", { name: "Add the day" });
  await dialog.getByLabel("Day", { exact: true }).fill("24/11/26");
  await add.click();
  await expect(dialog.getByRole("alert")).toHaveText("Write the year with four digits, for example 25 December 2027.");
  await dialog.getByLabel("Day", { exact: true }).fill("24/11/2026");
  await expect(dialog.getByText("Tuesday 24 November 2026")).toBeVisible();
  await dialog.getByLabel("Name").fill("Office closed");
  await add.click();
  await expect(dialog.getByRole("alert")).toHaveText("Please give a reason.");
  await dialog.getByLabel("Reason").fill("The heating is broken");
  await dialog.getByLabel("Reason").press("Enter");
  await expect(page.getByTestId("toast")).toHaveText(/No calls on Tuesday 24 November 2026\./);
  await expect(dialog).toHaveCount(0);
  const row = list.getByRole("row", { name: /^Tuesday 24 November 2026/ });
  await expect(row).toContainText("today");
  await expect(row).toContainText("our own");
  await expect(page.getByText("“The heating is broken”")).toBeVisible();

  await agent.keyboard.press("Alt+n");
  await expect(agent.getByText("No calls today: Office closed, our own day. Calls may be made from tomorrow 09:00.").first()).toBeVisible();

  await page.getByRole("button", { name: "Load a file…" }).click();
  const load = dialog.getByRole("button", { name: "Load the list" });
  await dialog.getByLabel("Reason").fill("The yearly list");
  await load.click();
  await expect(dialog.getByRole("alert")).toHaveText("Choose a file first.");
  const file = (name: string, text: string) => ({ name, mimeType: "application/json", buffer: Buffer.from(text) });
  for (const [text, words] of [
    ["<!DOCTYPE html>", "The file is a web page."],
    [newerList().replace("2029-04-17", "2029-04-31"), "“2029-04-31” is not a date"],
    [newerList().replace('"date":"2029-04-17"', '"date":"2029-04-14"'), "14 April 2029 is in the file twice."],
    [" ".repeat(300_000), "The file is larger than 256 KB."],
  ] as const) {
    await dialog.getByLabel("File").setInputFiles(file("bank-holidays.json", text));
    await load.click();
    await expect(dialog.getByRole("alert")).toContainText(words);
    await expect(dialog.getByLabel("Reason")).toHaveValue("The yearly list");
  }
  expect(await ours("select from queue.holiday_change")).toHaveLength(2);
  await expect(list.getByText("2029", { exact: true })).toHaveCount(0);
  await dialog.getByLabel("File").setInputFiles(file("bank-holidays.json", newerList()));
  await load.click();
  await expect(page.getByTestId("toast")).toHaveText(/Loaded the official list: 8 days added\. The list ends on 31 December 2029\./);
  await expect(list.getByRole("row", { name: /^Tuesday 17 April 2029/ })).toContainText("Easter Monday");
  await expect(row, "our own day stays").toBeVisible();

  await row.getByRole("button", { name: "Remove Tuesday 24 November 2026" }).click();
  await dialog.getByLabel("Reason").fill("It works again");
  await dialog.getByRole("button", { name: "Remove the day" }).click();
  await expect(row).toHaveCount(0);
  await agent.keyboard.press("Alt+n");
  await personOnScreen(agent);
  await skip(agent);
  await agent.close();
});

test("the end of the list is told to supervisors and administrators, in both themes and without the mouse", async ({ page, browser }) => {
  await ours(`insert into queue.holiday_change (version, kind, changed_at, source)
    values (2, 'loaded', '2026-01-05T10:00:00Z', 'bank-holidays.json')`);
  await ours("update queue.holiday set removed_in = 2 where day > '2026-12-31'");
  const words = "The list of bank holidays ends on 31 December 2026, in 37 days.";
  await signIn(page, ALYS);
  const supervisor = await elsewhere(browser, GARETH);
  // Nothing tells of what a test writes: it is learnt within seconds, and then asked for again.
  await expect(async () => {
    await supervisor.goto("/floor");
    await expect(supervisor.getByTestId("holidays-notice")).toContainText(words, { timeout: 1_500 });
  }).toPass();
  await supervisor.goto("/queues");
  await expect(supervisor.getByTestId("holidays-notice")).toContainText(words);
  await supervisor.close();

  await page.goto("/settings?section=holidays");
  await expect(page.getByTestId("holidays-end")).toContainText(words);
  await expect(page.getByRole("link", { name: /Bank holidays/ })).toContainText("needs attention");
  await expect(page.getByText("last in the list")).toHaveCount(1);
  for (const scheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await check(page, `the list, ${scheme}`);
    for (const name of ["Add a day…", "Load a file…"]) {
      const button = page.getByRole("button", { name });
      await button.press("Enter");
      await expect(page.getByRole("dialog")).toBeVisible();
      await check(page, `${name}, ${scheme}`);
      await page.keyboard.press("Escape");
      await expect(page.getByRole("dialog")).toHaveCount(0);
      await expect(button).toBeFocused();
    }
    await page.goto("/settings");
    await check(page, `the settings, ${scheme}`);
    await page.goto("/settings?section=holidays");
    await expect(page.getByTestId("holidays-end")).toBeVisible();
  }
});

/** What stores the settings lay on the form at this size, and cut it in the middle. */
test("what stores the settings never lies on them, however small the screen is", async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 720 });
  await signIn(page, ALYS);
  await page.goto("/settings");
  const bar = page.getByRole("region", { name: "Changes", exact: true });
  await expect(bar.getByRole("button", { name: "Store the settings" })).toBeInViewport();
  const top = (await bar.boundingBox())?.y ?? 0;
  const form = await page.getByRole("region", { name: "General settings" }).boundingBox();
  expect((form?.y ?? 0) + (form?.height ?? 0)).toBeLessThanOrEqual(top + 1);
  // Whatever has the focus can be seen.
  for (const label of ["Monday to Friday from", "Sunday until", "People tried for one Call next"]) {
    const field = page.getByLabel(label);
    await field.focus();
    const box = await field.boundingBox();
    expect((box?.y ?? 0) + (box?.height ?? 0), label).toBeLessThanOrEqual(top + 1);
  }
  await page.getByLabel("Unsigned: calls").fill("99");
  await page.getByLabel("Why", { exact: true }).fill("A slip");
  await page.getByLabel("Why", { exact: true }).press("Enter");
  await expect(bar.getByRole("alert")).toHaveText("Unsigned: calls: a whole number from 0 to 10.");
});
