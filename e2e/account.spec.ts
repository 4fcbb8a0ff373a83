// One's own account: the password, the browsers, and what happened to it.
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { MARCUS, alive, elsewhere, expect, expectStatus, ours, signIn, test } from "./support";
import { ofWorker } from "./worker";

const check = async (page: Page, what: string) => {
  const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
  expect(found.violations.map((violation) => `${violation.id}: ${violation.nodes[0]?.html}`), what).toEqual([]);
};

/** Everybody here begins with the same password, which one journey changes. */
let hash = "";
test.beforeAll(async () => {
  hash = (await ours<{ password_hash: string }>("select password_hash from auth.agent where email = $1", [MARCUS]))[0].password_hash;
});
test.afterEach(() => ours("update auth.agent set password_hash = $2 where email = $1", [MARCUS, hash]));

const openAccount = async (page: Page) => {
  await page.getByRole("button", { name: /my account/i }).click();
  await page.getByRole("menuitem", { name: "My account" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "My account" })).toBeVisible();
};

test("one's own password is changed, and other browsers are signed out", async ({ page, browser }) => {
  expectStatus(401, 422);
  const home = await elsewhere(browser, MARCUS);
  await signIn(page, MARCUS);
  await openAccount(page);
  const form = page.getByRole("form", { name: "Change the password" });
  const change = form.getByRole("button", { name: "Change password" });
  const problem = form.getByRole("alert");
  await change.click();
  await expect(problem.filter({ hasText: "Enter your current password." })).toBeVisible();
  await expect(form.getByLabel("Current password")).toBeFocused();
  await form.getByLabel("Current password").fill("not this one at all");
  await form.getByLabel("New password").fill("too short");
  await change.click();
  await expect(problem.filter({ hasText: "Use at least 12 characters." })).toBeVisible();
  await form.getByLabel("New password").fill("three plain words");
  await change.click();
  await expect(problem.filter({ hasText: "The current password is wrong. Please try again." })).toBeVisible();
  // Nothing that was typed is lost.
  await expect(form.getByLabel("New password")).toHaveValue("three plain words");
  await form.getByLabel("Current password").fill(ofWorker("STAFF_PASSWORD") ?? "");
  await form.getByLabel("New password").press("Enter");
  await expect(page.getByTestId("toast")).toContainText("Your password is changed. Other browsers are signed out.");
  await expect(form.getByLabel("New password")).toHaveValue("");
  await expect(home).toHaveURL(/sign-in/);
  await expect(page.getByTestId("account-event").first()).toContainText("Password changed");

  await home.goto("/sign-in");
  await alive(home);
  await home.getByLabel("Work e-mail").fill(MARCUS);
  await home.getByLabel("Password", { exact: true }).fill("three plain words");
  await home.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(home.getByRole("button", { name: /My status/ })).toBeVisible();
  await home.context().close();
});

test("one's browsers are seen and ended, one by one or all others", async ({ page, browser }) => {
  expectStatus(401);
  const [first, second] = [await elsewhere(browser, MARCUS), await elsewhere(browser, MARCUS)];
  await signIn(page, MARCUS);
  await openAccount(page);
  const lines = page.getByTestId("signed-in-on");
  await expect(lines).toHaveCount(3);
  await expect(lines.filter({ hasText: "this one" })).toHaveCount(1);
  await lines.getByRole("button", { name: /^End: Chrome/ }).first().click();
  await page.getByRole("alertdialog").getByRole("button", { name: "End it" }).click();
  await expect(lines).toHaveCount(2);
  await page.getByRole("button", { name: "End all others" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "End all others" }).click();
  await expect(lines).toHaveCount(1);
  await expect(lines).toContainText("this one");
  for (const other of [first, second]) {
    await expect(other).toHaveURL(/sign-in/);
    await other.context().close();
  }
  for (const scheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await page.reload();
    await expect(lines).toHaveCount(1);
    await check(page, `my account, ${scheme}`);
  }
});

test("a long record is read page by page", async ({ page }) => {
  await ours(`insert into auth.event (at, kind, agent_id, by_agent_id, is_command)
    select now() - make_interval(mins => n), 'signed_out', id, id, false from auth.agent, generate_series(1, 130) n where email = $1`, [MARCUS]);
  await signIn(page, MARCUS);
  await openAccount(page);
  const before = await page.getByTestId("account-event").count();
  await page.getByRole("button", { name: "Show older" }).click();
  await expect.poll(() => page.getByTestId("account-event").count()).toBeGreaterThan(before);
});

test("whoever cannot sign in is told whom to ask", async ({ page }) => {
  await page.goto("/sign-in");
  await alive(page);
  await page.getByText("Cannot sign in?").click();
  await expect(page.getByText(/Ask an administrator of the dialler/)).toBeVisible();
  await check(page, "whom to ask");
});
