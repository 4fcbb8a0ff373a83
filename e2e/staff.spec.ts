// Accounts of colleagues on screen: nobody needs the command line to let somebody in, to change what they may do, or to keep them out.
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { ALYS, HANNAH, alive, elsewhere, expect, expectStatus, ours, setStatus, signIn, test } from "./support";

const OWEN = "owen.price@example.co.uk";

const check = async (page: Page, what: string) => {
  const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
  expect(found.violations.map((violation) => `${violation.id}: ${violation.nodes[0]?.html}`), what).toEqual([]);
};

const openStaff = async (page: Page) => {
  await signIn(page, ALYS);
  await page.getByRole("link", { name: "Staff", exact: true }).click();
  await expect(page.getByRole("row", { name: /Hannah Whitfield/ })).toBeVisible();
};

const open = async (page: Page, name: string) => {
  await page.getByRole("link", { name: new RegExp(name) }).click();
  await expect(page.getByRole("heading", { level: 2, name })).toBeFocused();
};

const account = (page: Page) => page.getByRole("complementary", { name: "Account" });

/** Answers the question that is asked before something is done at once. */
const confirm = async (page: Page, title: string, act: string) => {
  const dialog = page.getByRole("alertdialog", { name: title });
  await dialog.getByRole("button", { name: act, exact: true }).click();
  await expect(dialog).toHaveCount(0);
};

const signInWith = async (page: Page, email: string, password: string) => {
  await page.goto("/sign-in");
  await alive(page);
  await page.getByLabel("Work e-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
};

const putBack = async () => {
  // An account is never deleted: it goes by another address.
  await ours("update auth.agent set email = 'gone-' || id || '@example.co.uk', deactivated_at = coalesce(deactivated_at, now()) where email = $1", [OWEN]);
  await ours("update auth.agent set queues = null, name = 'Hannah Whitfield', role = 'agent', deactivated_at = null where email = $1", [HANNAH]);
};
test.beforeEach(putBack);
test.afterEach(putBack);

test("somebody is added, given other queues and a new password, and kept out, all on screen", async ({ page, browser }) => {
  test.setTimeout(90_000);
  expectStatus(401, 409);
  await openStaff(page);
  await page.getByRole("button", { name: "Add someone…" }).click();
  const dialog = page.getByRole("dialog");
  const add = dialog.getByRole("button", { name: "Add", exact: true });
  await add.click();
  await expect(dialog.getByRole("alert").filter({ hasText: "Enter their name." })).toBeVisible();
  await dialog.getByLabel("Name", { exact: true }).fill("Owen Price");
  await dialog.getByLabel("Work email").fill(HANNAH);
  await dialog.getByLabel("First password").fill("too short");
  await add.click();
  await expect(dialog.getByRole("alert").filter({ hasText: "Use at least 12 characters." })).toBeVisible();
  await dialog.getByRole("button", { name: "Suggest one" }).click();
  await expect(dialog.getByLabel("First password")).toHaveValue(/^([a-z]{4}-){3}[a-z]{4}$/);
  await add.click();
  await expect(dialog.getByRole("alert").filter({ hasText: "Somebody has this e-mail address already." })).toBeVisible();
  await check(page, "adding somebody");
  // What was typed is still there.
  await expect(dialog.getByLabel("Name", { exact: true })).toHaveValue("Owen Price");
  await dialog.getByLabel("Work email").fill(` ${OWEN.toUpperCase()} `);
  await add.click();
  await expect(dialog.getByRole("heading", { name: "Owen Price is added" })).toBeVisible();
  const first = (await dialog.getByTestId("password").textContent()) ?? "";
  await check(page, "the first password");
  await dialog.getByRole("button", { name: "Done" }).click();
  await expect(page.getByRole("heading", { level: 2, name: "Owen Price" })).toBeFocused();
  await expect(page.getByRole("row", { name: /Owen Price/ })).toContainText("never");
  await expect(account(page).getByTestId("account-event")).toContainText(["Account created"]);

  const owen = await (await browser.newContext({ baseURL: new URL(page.url()).origin })).newPage();
  await signInWith(owen, OWEN, first);
  await expect(owen.getByRole("button", { name: /My status/ })).toBeVisible();
  await expect(account(page).getByTestId("signed-in-on")).toHaveCount(1);

  // Queues and role are saved together, and hold at once.
  await account(page).getByLabel("Outstanding").uncheck();
  await account(page).getByLabel("Unsigned").uncheck();
  await account(page).getByLabel("Callbacks").uncheck();
  await account(page).getByRole("button", { name: "Save" }).click();
  await expect(account(page).getByRole("alert").filter({ hasText: "Choose at least one queue." })).toBeVisible();
  await account(page).getByLabel("Unsigned").check();
  await account(page).getByRole("radio", { name: "Supervisor" }).check();
  await expect(account(page).getByText("2 changes")).toBeVisible();
  await account(page).getByRole("button", { name: "Save" }).click();
  await expect(page.getByTestId("toast")).toContainText("Saved. Owen Price has this from their next click on.");
  await expect(page.getByRole("row", { name: /Owen Price/ })).toContainText("Supervisor");
  await expect(account(page).getByTestId("account-event").filter({ hasText: "agent → supervisor" })).toContainText("by Alys Morgan");
  await expect(owen.getByRole("link", { name: "Floor" })).toBeVisible();

  await account(page).getByRole("button", { name: "Reset password…" }).click();
  await dialog.getByRole("button", { name: "Set the password" }).click();
  await expect(dialog.getByRole("alert").filter({ hasText: "Enter a password." })).toBeVisible();
  await dialog.getByLabel("New password").fill("nine green bottles");
  await check(page, "a new password");
  await dialog.getByRole("button", { name: "Set the password" }).click();
  await expect(dialog.getByTestId("password")).toHaveText("nine green bottles");
  await dialog.getByRole("button", { name: "Done" }).click();
  await expect(account(page).getByText("Not signed in anywhere.")).toBeVisible();
  await expect(owen).toHaveURL(/sign-in/);
  await signInWith(owen, OWEN, "nine green bottles");
  await expect(owen.getByRole("link", { name: "Floor" })).toBeVisible();

  await account(page).getByRole("button", { name: "Deactivate…" }).click();
  await check(page, "deactivating somebody");
  await confirm(page, "Deactivate this account?", "Deactivate");
  await expect(page.getByTestId("toast")).toContainText("Owen Price is deactivated and signed out.");
  await expect(account(page).getByText("Deactivated", { exact: true })).toBeVisible();
  await expect(account(page).getByLabel("Name", { exact: true })).toBeDisabled();
  await expect(owen).toHaveURL(/sign-in/);
  await signInWith(owen, OWEN, "nine green bottles");
  await expect(owen.getByRole("alert")).toBeVisible();
  await account(page).getByRole("button", { name: "Reactivate…" }).click();
  await confirm(page, "Reactivate this account?", "Reactivate");
  await expect(account(page).getByLabel("Name", { exact: true })).toBeEnabled();
  await signInWith(owen, OWEN, "nine green bottles");
  await expect(owen.getByRole("link", { name: "Floor" })).toBeVisible();
  await owen.context().close();
});

test("an agent's browser is seen and signed out from the staff page", async ({ page, browser }) => {
  expectStatus(401);
  const hannah = await elsewhere(browser, HANNAH);
  await setStatus(hannah, "Available");
  await openStaff(page);
  await expect(page.getByRole("row", { name: /Hannah Whitfield/ })).toContainText("Available");
  await open(page, "Hannah Whitfield");
  await expect(account(page).getByTestId("signed-in-on")).toContainText(/Chrome on .*last seen today/);
  await account(page).getByRole("button", { name: /^End: Chrome/ }).click();
  // Nothing is done before it is confirmed.
  await page.getByRole("alertdialog").getByRole("button", { name: "Cancel" }).click();
  await expect(account(page).getByTestId("signed-in-on")).toHaveCount(1);
  await account(page).getByRole("button", { name: "End all" }).click();
  await confirm(page, "End all sessions?", "End all");
  await expect(account(page).getByText("Not signed in anywhere.")).toBeVisible();
  await expect(hannah).toHaveURL(/sign-in/);
  await expect(page.getByRole("row", { name: /Hannah Whitfield/ })).toContainText("Offline");
  await expect(account(page).getByTestId("account-event").first()).toContainText("Session ended");
  await hannah.context().close();
});

test("two administrators at once: what was typed stays, and the other's change is not overwritten", async ({ page }) => {
  expectStatus(409);
  await openStaff(page);
  await open(page, "Hannah Whitfield");
  await account(page).getByLabel("Name", { exact: true }).fill("Hannah Whitfield-Jones");
  await ours("update auth.agent set queues = '{callbacks}', version = version + 1 where email = $1", [HANNAH]);
  await account(page).getByRole("button", { name: "Save" }).click();
  await expect(account(page).getByRole("alert")).toContainText("Somebody else has changed this account meanwhile.");
  await expect(account(page).getByLabel("Name", { exact: true })).toHaveValue("Hannah Whitfield-Jones");
  await account(page).getByRole("button", { name: "Show theirs" }).click();
  await expect(account(page).getByLabel("Name", { exact: true })).toHaveValue("Hannah Whitfield");
  await expect(account(page).getByLabel("Unsigned")).not.toBeChecked();
  await account(page).getByLabel("Name", { exact: true }).fill("Hannah Whitfield-Jones");
  await account(page).getByLabel("Name", { exact: true }).press("Enter");
  await expect(page.getByRole("row", { name: /Hannah Whitfield-Jones/ })).toContainText("Callbacks");
});

test("the list is filtered, survives a reload, and is for administrators alone; axe in both themes", async ({ page, browser }) => {
  await openStaff(page);
  await page.getByRole("searchbox", { name: "Name or email" }).fill("marcus.bell@");
  await expect(page.getByRole("row", { name: /Marcus Bell/ })).toBeVisible();
  await expect(page.getByRole("row", { name: /Hannah/ })).toHaveCount(0);
  await page.reload();
  await expect(page.getByRole("searchbox", { name: "Name or email" })).toHaveValue("marcus.bell@");
  await page.getByRole("combobox", { name: "Role" }).selectOption("Administrator");
  await expect(page.getByText("Nobody matches")).toBeVisible();
  await check(page, "nobody matches");
  await page.getByRole("link", { name: "Show everybody" }).click();
  await open(page, "Alys Morgan");
  await expect(account(page).getByRole("button", { name: "Deactivate…" })).toHaveCount(0);
  for (const scheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await page.reload();
    await expect(account(page).getByTestId("account-event").first()).toBeVisible();
    await check(page, `staff, ${scheme}`);
  }
  await page.setViewportSize({ width: 640, height: 400 });
  await check(page, "staff at 200 %");

  const agent = await elsewhere(browser, HANNAH);
  await agent.goto("/staff");
  await expect(agent.getByText("An administrator can open it.")).toBeVisible();
  await expect(agent.getByRole("link", { name: "Staff", exact: true })).toHaveCount(0);
  await agent.context().close();
});
