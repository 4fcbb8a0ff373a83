// A supervisor and the queues as a whole: pausing, resuming, discovery.
import { ALYS, BUSINESS_NOW, GARETH, HANNAH, elsewhere, expect, expectStatus, ours, personOnScreen, pressKey, setStatus, signIn, test } from "./support";

test.afterEach(async () => {
  await ours(`update queue.pause set ended_at = ${BUSINESS_NOW}, ended_by = 1 where ended_at is null`);
  await ours("update queue.entry set is_paused = false where is_paused");
});

test("a queue that a supervisor pauses offers nobody, at once, and goes on when it is resumed", async ({ page, browser }) => {
  await signIn(page, GARETH);
  await page.getByRole("link", { name: "Queues" }).click();
  await expect(page.getByRole("heading", { name: "Queues and pauses" })).toBeVisible();
  const agent = await elsewhere(browser, HANNAH);
  await setStatus(agent, "Available");

  await page.getByRole("combobox", { name: "Kind" }).selectOption("Queue");
  await page.getByRole("combobox", { name: "Which", exact: true }).selectOption({ label: "Unsigned" });
  await page.getByRole("button", { name: "Pause Unsigned" }).click();
  await expect(page.getByRole("alert").getByText("Please say why")).toBeVisible();
  await page.getByLabel("Reason").fill("New authority form");
  await page.getByRole("button", { name: "Pause Unsigned" }).click();
  const row = page.getByRole("row", { name: /Unsigned/ }).filter({ hasText: "New authority form" });
  await expect(row).toBeVisible();
  await expect(page.getByText("1 pause in force")).toBeVisible();

  await expect(agent.getByText("paused by a supervisor")).toBeVisible();
  const answered = agent.waitForResponse((response) => response.url().endsWith("/api/queue/call_next"));
  await pressKey(agent, "Alt+n");
  expect((await (await answered).json()).user).toBeNull();
  await expect(agent.getByTestId("person")).toHaveCount(0);

  await row.getByRole("button", { name: /Resume/ }).click();
  await expect(page.getByText("Nothing is paused")).toBeVisible();
  await pressKey(agent, "Alt+n");
  await personOnScreen(agent);
  await agent.close();
});

test("a lender that is paused holds its people, and both supervisors see the same", async ({ page, browser }) => {
  expectStatus(422);
  await signIn(page, GARETH);
  await page.goto("/queues");
  const other = await elsewhere(browser, ALYS);
  await other.goto("/queues");
  const which = page.getByRole("combobox", { name: "Which", exact: true });
  await which.selectOption({ index: 1 });
  const lender = await which.evaluate((select: HTMLSelectElement) => select.selectedOptions[0]?.textContent ?? "");
  await page.getByLabel("Reason").fill("Their portal is down");
  const [clock] = await ours<{ day: string }>(
    `select to_char(${BUSINESS_NOW}, 'FMDD FMMonth YYYY') as day`,
  );
  await page.getByLabel("Until", { exact: true }).fill(clock?.day ?? "");
  await page.getByRole("button", { name: `Pause ${lender}` }).click();
  await expect(page.getByText("Write the time too, for example 14:05.")).toBeVisible();
  await page.getByLabel("Until, time").fill("00:01");
  await page.getByRole("button", { name: `Pause ${lender}` }).click();
  await expect(page.getByText("A pause ends at a time that is still to come")).toBeVisible();
  await page.getByLabel("Until, time").fill("23:59");
  await page.getByRole("button", { name: `Pause ${lender}` }).click();

  await expect(page.getByTestId("toast")).toContainText(`${lender} is paused`);
  await expect(page.getByText("behind a pause").first()).toBeVisible();
  const theirs = other.getByRole("row").filter({ hasText: "Their portal is down" });
  await expect(theirs).toContainText(lender);
  await expect(theirs).toContainText("today 23:59");

  // Two resume at once: one of them is told that it was done.
  await theirs.getByRole("button", { name: /Resume/ }).click();
  await expect(page.getByText("Nothing is paused")).toBeVisible();
  await expect(other.getByText("Nothing is paused")).toBeVisible();
  await other.close();
});

test("a supervisor runs discovery and sees what it found", async ({ page }) => {
  await signIn(page, GARETH);
  // As after somebody signed: they still wait, and should not.
  const [wrong] = await ours<{ user_id: string }>(
    `update queue.entry set kind = case kind when 'unsigned_users' then 'outstanding_requests' else 'unsigned_users' end
     where user_id = (select min(user_id) from queue.entry) returning user_id`,
  );
  await page.goto("/queues");
  await page.getByRole("button", { name: "Run now" }).click();

  await expect(page.getByText(`User ${wrong?.user_id} waited in`).first()).toBeVisible();
  await expect(page.getByTestId("last-run")).toContainText("users in");
  await expect(page.getByText(/by Gareth Penhaligon/).first()).toBeVisible();
  await expect(page.getByRole("row", { name: /No number|cannot be rung|switched off/ }).first()).toBeVisible();
});

test("an agent is told that the queues are for supervisors", async ({ page }) => {
  await signIn(page, HANNAH);
  await expect(page.getByRole("link", { name: "Queues" })).toHaveCount(0);
  await page.goto("/queues");
  await expect(page.getByRole("heading", { name: "The queues are for supervisors" })).toBeVisible();
  expectStatus(403);
});
