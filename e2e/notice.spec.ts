// compliance, C10: the person is told at the start that the call is recorded.
import type { APIRequestContext, Page } from "@playwright/test";

import { admin, next } from "./carrier";
import { ALYS, HANNAH, expect, ours, personOnScreen, pressKey, setStatus, signIn, test } from "./support";

/** Hannah talks to the next person, who answers at once. */
const talk = async (page: Page, request: APIRequestContext) => {
  await next(request, { ring_ms: 500 }, { answer: true }, { repeat: "chat" });
  await pressKey(page, "Alt+n");
  await personOnScreen(page);
  await expect(page.getByTestId("telephone-light")).toContainText("ready");
  await expect(page.getByTestId("recording-notice")).toHaveCount(0);
  await pressKey(page, "Alt+c");
  await expect(page.getByTestId("state")).toContainText("Talking", { timeout: 30_000 });
};
const hangUp = async (page: Page) => {
  await pressKey(page, "Alt+h");
  await page.keyboard.press("Alt+h");
  await expect(page.getByTestId("end-words")).toBeVisible();
};
const saveAndPause = async (page: Page) => {
  await page.getByTestId("person").focus();
  await page.keyboard.press("7");
  await pressKey(page, "Shift+Enter");
  await expect(page.getByRole("heading", { name: "You are on a break" })).toBeVisible();
};
const opened = async (page: Page) => {
  await page.getByRole("link", { name: "History" }).click();
  await page.getByTestId("attempt").first().getByRole("link").click();
  return page.getByTestId("opened");
};

test.beforeEach(async ({ request }) => admin(request, "reset"));
test.afterEach(async () => {
  await ours("delete from queue.settings where version > 1");
});

test("the notice is said first and ticked, and the history says by whom and when", async ({ page, request }) => {
  test.setTimeout(90_000);
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  await talk(page, request);
  const notice = page.getByTestId("recording-notice");
  await expect(notice).toContainText("this call is recorded");
  // It shows what the server has kept, so it changes a moment after the click.
  await notice.getByRole("checkbox").click();
  await expect(notice.getByRole("checkbox")).toBeChecked();
  await expect(notice.getByRole("checkbox")).toBeFocused();
  await expect(page.getByText("said", { exact: true })).toBeVisible();
  await hangUp(page);
  await expect(page.getByTestId("notice-missing")).toHaveCount(0);
  await saveAndPause(page);
  await expect(await opened(page)).toContainText(/Recording notice\s*ticked, today/);
});

test("a notice that was not ticked is said plainly and holds nobody up; an administrator words it", async ({ page, request }) => {
  test.setTimeout(90_000);
  await signIn(page, ALYS);
  await page.goto("/settings");
  await page.getByLabel("The recording notice, said first in every talk").fill("Just so you know: we record our calls.");
  await page.getByLabel("Why", { exact: true }).fill("The lawyers prefer it");
  await page.getByRole("button", { name: "Store the settings" }).click();
  await expect(page.getByTestId("toast")).toContainText("The settings are changed");
  await page.getByRole("link", { name: "Console" }).click();
  await setStatus(page, "Available");
  await talk(page, request);
  await expect(page.getByTestId("recording-notice")).toContainText("Just so you know: we record our calls.");
  await hangUp(page);
  await expect(page.getByTestId("notice-missing")).toHaveText("The recording notice was not ticked.");
  await saveAndPause(page);
  await expect(await opened(page)).toContainText(/Recording notice\s*not ticked/);
});
