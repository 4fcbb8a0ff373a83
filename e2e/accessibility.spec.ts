// lessons, line 56: white on white. → Contrast, names and roles are checked in a real browser, in both themes.
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { GARETH, HANNAH, alive, elsewhere, expect, personOnScreen, setStatus, signIn, skip, test } from "./support";

const check = async (page: Page, what: string) => {
  const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
  expect(found.violations.map((violation) => `${violation.id}: ${violation.nodes[0]?.html}`), what).toEqual([]);
};

for (const scheme of ["light", "dark"] as const) {
  test(`every screen can be read and used by everybody, ${scheme}`, async ({ page, browser }) => {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await page.goto("/sign-in");
    await alive(page);
    await expect(page.getByText("Claims platform", { exact: true })).toBeVisible();
    await check(page, "sign-in");

    await signIn(page, HANNAH);
    await setStatus(page, "Available");
    await check(page, "ready");
    await page.keyboard.press("Alt+n");
    await personOnScreen(page);
    await page.getByLabel("Identity checked").check();
    await check(page, "offered");
    await page.getByRole("button", { name: "Skip…" }).click();
    await check(page, "the skip dialogue");
    await page.getByRole("button", { name: "Skip", exact: true }).click();
    await check(page, "the skip dialogue without a reason");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /my account/ }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await check(page, "signing out with somebody held");
    await page.keyboard.press("Escape");
    await skip(page);

    const floor = await elsewhere(browser, GARETH, { colorScheme: scheme, reducedMotion: "reduce" });
    await expect(floor.getByRole("row", { name: /Hannah Whitfield/ })).toBeVisible();
    await check(floor, "floor");
    await floor.context().close();
  });
}
