import { ALYS, HANNAH, alive, expect, expectStatus, signIn, test } from "./support";

test("a wrong password is said in words, and the e-mail is kept", async ({ page }) => {
  expectStatus(401);
  await page.goto("/");
  await page.waitForURL(/sign-in/);
  await alive(page);
  await page.getByLabel("Work e-mail").fill(HANNAH);
  await page.getByLabel("Password", { exact: true }).fill("not her password");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("do not belong together");
  await expect(page.getByLabel("Work e-mail")).toHaveValue(HANNAH);
});

test("an empty field is said and has the focus", async ({ page }) => {
  await page.goto("/sign-in");
  await alive(page);
  const [email, password] = [page.getByLabel("Work e-mail"), page.getByLabel("Password", { exact: true })];
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(email).toBeFocused();
  await expect(email).toHaveAttribute("aria-invalid", "true");
  await expect(email).toHaveAccessibleDescription("Write your work e-mail.");
  await page.keyboard.type(HANNAH);
  await expect(page.getByText("Write your work e-mail.")).toHaveCount(0);
  await page.keyboard.press("Enter");
  await expect(password).toBeFocused();
  await expect(password).toHaveAccessibleDescription("Write your password.");
  await expect(email).toHaveAttribute("aria-invalid", "false");
});

test("the sign-in page says how the platform, the hours and the queues are", async ({ page }) => {
  await page.goto("/sign-in");
  await alive(page);
  for (const words of ["Claims platform", "Calling hours", "Queues"]) {
    await expect(page.getByText(words, { exact: true })).toBeVisible();
  }
});

test("an admin lands on the floor and can sign out", async ({ page }) => {
  await signIn(page, ALYS);
  await expect(page).toHaveURL(/\/floor/);
  await page.getByRole("button", { name: /my account/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.waitForURL(/sign-in\?reason=signed_out/);
});

test("a path that is nowhere says so", async ({ page }) => {
  await signIn(page, HANNAH);
  await page.goto("/nowhere/at/all");
  await alive(page);
  await expect(page.getByRole("heading", { level: 1 })).toContainText(/not|no /i);
});
