// What somebody was on a day, from when to when, and their sessions.
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { GARETH, HANNAH, elsewhere, expect, expectStatus, ours, setStatus, signIn, test } from "./support";

const stretches = (page: Page) => page.getByTestId("stretch");
const id = async (email: string) => (await ours<{ id: string }>("select id::text from auth.agent where email = $1", [email]))[0]?.id ?? "";

test("an agent sees their own day, and a supervisor everybody's, with the sessions and how they ended", async ({ page, browser }) => {
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  await setStatus(page, "Break");
  await page.getByRole("button", { name: /my account/ }).click();
  await page.getByRole("menuitem", { name: "My day" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "My day" })).toBeVisible();
  await expect(stretches(page).first()).toContainText("Break");
  await expect(stretches(page).nth(1)).toContainText("Available");
  await expect(page.getByTestId("sum").filter({ hasText: "Break" })).toBeVisible();
  await expect(page.getByTestId("session").last()).toContainText("still signed in");
  const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
  expect(found.violations.map((violation) => `${violation.id}: ${violation.nodes[0]?.html}`)).toEqual([]);

  const floor = await elsewhere(browser, GARETH);
  await floor.getByRole("row", { name: /Hannah Whitfield/ }).getByRole("link", { name: "Hannah Whitfield" }).click();
  await expect(floor.getByText(/^Hannah Whitfield, /)).toBeVisible();
  await expect(stretches(floor).first()).toContainText("Break");
  await setStatus(page, "Available");
  await expect(stretches(floor).first()).toContainText("Available");
  await page.getByRole("button", { name: /my account/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(floor.getByTestId("session").last()).toContainText("signed out");
  await expect(stretches(floor).first()).toContainText("Offline");
  await floor.reload();
  await expect(stretches(floor).first()).toContainText("Offline");
  await floor.getByRole("link", { name: "Day before" }).click();
  await expect(floor).toHaveURL(/day=\d{4}-\d\d-\d\d/);
  await floor.getByRole("link", { name: "Today" }).click();
  await expect(stretches(floor).first()).toContainText("Offline");
  await floor.context().close();
});

test("an agent is not told of a colleague's day", async ({ page }) => {
  expectStatus(403);
  await signIn(page, HANNAH);
  await page.goto(`/day?agent=${await id(GARETH)}`);
  await expect(page.getByText("Your role does not allow this.")).toBeVisible();
  await expect(stretches(page)).toHaveCount(0);
});
