// lessons, line 56: white on white. → Contrast, names and roles are checked in a real browser, in both themes.
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { ALYS, GARETH, HANNAH, alive, elsewhere, expect, personOnScreen, pressKey, setStatus, signIn, skip, test } from "./support";

const check = async (page: Page, what: string) => {
  const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
  expect(found.violations.map((violation) => `${violation.id}: ${violation.nodes[0]?.html}`), what).toEqual([]);
};

for (const scheme of ["light", "dark"] as const) {
  test(`every screen can be read and used by everybody, ${scheme}`, async ({ page, browser, request }) => {
    test.setTimeout(240_000);
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await page.goto("/sign-in");
    await alive(page);
    await expect(page.getByText("Claims platform", { exact: true })).toBeVisible();
    await check(page, "sign-in");

    await signIn(page, HANNAH);
    await setStatus(page, "Available");
    await check(page, "ready");
    await pressKey(page, "Alt+n");
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

    const steps = [{ ring_ms: 2500 }, { answer: true }, { repeat: "chat" }];
    await request.post("/twilio/admin/scenarios", { data: { match: {}, times: 1, steps } });
    await page.getByTestId("telephone-light").click();
    await expect(page.getByText("We can hear you")).toBeVisible();
    await page.getByRole("button", { name: "Play a sound" }).click();
    await expect(page.getByText("Did you hear it?")).toBeVisible();
    await check(page, "the check of the telephone");
    await page.getByRole("button", { name: "Not now" }).click();
    await pressKey(page, "Alt+n");
    await personOnScreen(page);
    await pressKey(page, "Alt+c");
    await expect(page.getByTestId("state")).toContainText("Ringing");
    await check(page, "ringing");
    await expect(page.getByTestId("state")).toContainText("Talking");
    await page.keyboard.press("Alt+m");
    await expect(page.getByRole("button", { name: "Muted", exact: true })).toBeVisible();
    await check(page, "talking, muted");
    await page.getByRole("button", { name: "Keypad" }).click();
    await check(page, "the keypad");
    await page.keyboard.press("Escape");
    await page.getByTestId("microphone-light").click();
    await expect(page.getByLabel("Speak into")).toBeVisible();
    await check(page, "the devices, in a call");
    await page.keyboard.press("Escape");
    await pressKey(page, "Alt+h");
    await page.keyboard.press("Alt+h");
    await expect(page.getByTestId("end-words")).toBeVisible();
    await page.getByTestId("person").focus();
    await page.keyboard.press("4");
    await pressKey(page, "Enter");
    await expect(page.getByText("Choose when to call back.")).toBeVisible();
    await check(page, "wrap-up with something missing");
    await page.getByTestId("person").focus();
    await page.keyboard.press("7");
    await pressKey(page, "Enter");
    await request.post("/twilio/admin/calls/incoming", { data: { from: "+441632960963", to: "+442079460000" } });
    await expect(page.getByTestId("ringing")).toBeVisible({ timeout: 30_000 });
    await check(page, "somebody rings");
    await pressKey(page, "Alt+a");
    await expect(page.getByTestId("who-rings")).toBeVisible();
    await page.getByTestId("who-rings").getByRole("searchbox").fill("an");
    await page.getByTestId("who-rings").getByRole("button", { name: "Find" }).click();
    await expect(page.getByTestId("who-rings").getByRole("listitem").first()).toBeVisible();
    await check(page, "who is it?");
    await pressKey(page, "Alt+h");
    await page.keyboard.press("Alt+h");
    await expect(page.getByTestId("end-words")).toBeVisible();
    await page.getByTestId("person").focus();
    await page.keyboard.press("5");
    await pressKey(page, "Shift+Enter");
    await expect(page.getByRole("heading", { name: "You are on a break" })).toBeVisible();
    await page.getByRole("link", { name: "History" }).click();
    await page.getByTestId("attempt").first().getByRole("link").click();
    await expect(page.getByTestId("opened")).toContainText("What the carrier said");
    await check(page, "history");
    await page.getByRole("button", { name: "Correct…" }).click();
    await page.getByRole("button", { name: "Correct it" }).click();
    await expect(page.getByText("Choose what came of the call.")).toBeVisible();
    await check(page, "correcting an outcome");
    await page.keyboard.press("Escape");

    const admin = await elsewhere(browser, ALYS, { colorScheme: scheme, reducedMotion: "reduce" });
    await admin.goto("/outcomes?edit=vulnerable");
    await expect(admin.getByText("Not edited here")).toBeVisible();
    await check(admin, "outcomes");
    await admin.goto("/staff");
    await admin.getByRole("link", { name: /Hannah Whitfield/ }).click();
    await expect(admin.getByTestId("account-event").first()).toBeVisible();
    await check(admin, "staff");
    await admin.getByRole("button", { name: "Add someone…" }).click();
    await admin.getByRole("dialog").getByRole("button", { name: "Add", exact: true }).click();
    await check(admin, "adding somebody, with something missing");
    await admin.keyboard.press("Escape");
    await admin.goto("/account");
    await expect(admin.getByTestId("account-event").first()).toBeVisible();
    await check(admin, "my account");
    await admin.context().close();

    const floor = await elsewhere(browser, GARETH, { colorScheme: scheme, reducedMotion: "reduce" });
    await expect(floor.getByRole("row", { name: /Hannah Whitfield/ })).toBeVisible();
    await check(floor, "floor");
    await floor.context().close();
  });
}
