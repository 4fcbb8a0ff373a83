// Every attempt, whoever made it; putting right what was recorded; and what agents can record at all.
import type { APIRequestContext, Page } from "@playwright/test";

import { admin, next } from "./carrier";
import { ALYS, BUSINESS_NOW, GARETH, HANNAH, MARCUS, alive, elsewhere, expect, expectStatus, ours, personOnScreen, pressKey, setStatus, signIn, test } from "./support";

/** An agent rings somebody who does not answer, and says so, with a note. */
const ringInVain = async (page: Page, request: APIRequestContext, note: string) => {
  await next(request, { ring_ms: 500 }, { no_answer: true });
  await setStatus(page, "Available");
  await pressKey(page, "Alt+n");
  const person = await personOnScreen(page);
  await expect(page.getByTestId("telephone-light")).toContainText("ready");
  await pressKey(page, "Alt+c");
  await expect(page.getByTestId("end-words")).toContainText("Nobody answered.", { timeout: 45_000 });
  await page.locator("#note").fill(note);
  await page.getByTestId("person").focus();
  await pressKey(page, "Shift+Enter");
  await expect(page.getByRole("heading", { name: "You are on a break" })).toBeVisible();
  return person;
};

const rows = (page: Page) => page.getByTestId("attempt");
const opened = (page: Page) => page.getByTestId("opened");

test.beforeEach(async ({ request }) => admin(request, "reset"));

test.afterEach(async () => {
  await ours("delete from calls.call where user_name = 'Planted Person'");
  await ours("delete from calls.disposition_change");
  await ours("update calls.disposition set label = 'Vulnerable', also = null, version = 1 where code = 'vulnerable'");
});

test("a call stands in everybody's history with its note, its legs and what the carrier said, and survives a reload", async ({
  page,
  browser,
  request,
}) => {
  test.setTimeout(90_000);
  await signIn(page, HANNAH);
  const person = await ringInVain(page, request, "Rang twice <em>only</em>");
  const colleague = await elsewhere(browser, MARCUS);
  await colleague.getByRole("link", { name: "History" }).click();
  await expect(colleague.getByRole("heading", { level: 1, name: "History" })).toBeVisible();
  const row = rows(colleague).first();
  await expect(row).toContainText(person.name);
  await expect(row).toContainText("Hannah Whitfield");
  await expect(row).toContainText("No answer");
  await expect(row).toContainText("Nobody answered");
  await expect(row).toContainText("rang ");
  await expect(row).toContainText("Rang twice <em>only</em>");

  await row.getByRole("link", { name: person.name }).click();
  await expect(colleague).toHaveURL(/open=/);
  await expect(opened(colleague)).toContainText("Rang twice <em>only</em>");
  await expect(opened(colleague).getByTestId("legs").getByRole("listitem")).toHaveCount(2);
  await expect(opened(colleague).getByTestId("events")).toContainText("no-answer");
  await expect(opened(colleague).getByRole("button", { name: "Correct…" })).toHaveCount(0);

  await colleague.getByRole("combobox", { name: "Outcome" }).selectOption({ label: "No answer" });
  await expect(colleague).toHaveURL(/outcome=no_answer/);
  await expect(opened(colleague)).toHaveCount(0);
  await rows(colleague).first().getByRole("link", { name: person.name }).click();
  await colleague.reload();
  await alive(colleague);
  await expect(colleague.getByRole("combobox", { name: "Outcome" })).toHaveValue("no_answer");
  await expect(opened(colleague)).toContainText(person.name);
  await colleague.getByRole("link", { name: "Show all" }).click();
  await expect(colleague).toHaveURL(/\/history$/);
  await expect(colleague.getByRole("combobox", { name: "Outcome" })).toHaveValue("");

  // From the person to their calls.
  await colleague.goto(`/users?id=${person.id}`);
  await colleague.getByRole("link", { name: "All calls" }).click();
  await expect(colleague.getByLabel("User's id")).toHaveValue(person.id);
  await expect(rows(colleague)).toHaveCount(1);
  await colleague.context().close();
});

test("pages lead to older calls and back, and stay what they are when the page is loaded anew", async ({ page }) => {
  await ours(`insert into calls.call (id, agent_id, user_id, lease_id, queue, user_name, state, state_since, created_at, intent_expires_at,
      number, decision_id, ended_at, end_reason, closed_at)
    select gen_random_uuid(), (select id from auth.agent where email = '${MARCUS}'), 900000 + n, n, 'callbacks', 'Planted Person', 'ended', t, t, t,
      '+447700900001', gen_random_uuid(), t, 'no_answer', t
    from (select n, ${BUSINESS_NOW} + interval '1 hour' - n * interval '1 second' as t from generate_series(1, 120) n) x`);
  await signIn(page, HANNAH);
  await page.goto("/history");
  await expect(rows(page)).toHaveCount(50);
  await expect(page.getByRole("link", { name: "Newer" })).toHaveCount(0);
  await page.getByRole("link", { name: "Older" }).click();
  await expect(page).toHaveURL(/older=/);
  await expect(page.getByRole("link", { name: "Newer" })).toBeVisible();
  const first = await rows(page).first().getByRole("link").getAttribute("href");
  await page.reload();
  await alive(page);
  await expect(rows(page).first().getByRole("link")).toHaveAttribute("href", first ?? "");
  await page.getByRole("link", { name: "Older" }).click();
  await expect(rows(page).first().getByRole("link")).not.toHaveAttribute("href", first ?? "");
  await page.getByRole("link", { name: "Newer" }).click();
  await expect(page).toHaveURL(/newer=/);
  await expect(rows(page)).toHaveCount(50);
  await page.getByRole("link", { name: "Newest" }).click();
  await expect(page).toHaveURL(/\/history$/);

  await page.getByLabel("User's id").fill("900007");
  await page.getByLabel("User's id").press("Enter");
  await page.getByLabel("User's id").blur();
  await expect(rows(page)).toHaveCount(1);
  await page.getByLabel("From").fill("1 January 2020");
  await page.getByLabel("Until").fill("2/1/20");
  await page.getByLabel("Until").blur();
  await expect(page.getByText("Write the year with four digits, for example 25 December 2027.")).toBeVisible();
  await page.getByLabel("Until").fill("2/1/2020");
  await page.getByLabel("Until").blur();
  await expect(page.getByLabel("Until")).toHaveValue("2 January 2020");
  await expect(page.getByText("No such calls")).toBeVisible();
});

test("a supervisor puts an outcome right with a reason, and what stood is told with it", async ({ page, browser, request }) => {
  test.setTimeout(90_000);
  await signIn(page, HANNAH);
  const person = await ringInVain(page, request, "Nobody there");
  const supervisor = await elsewhere(browser, GARETH);
  await supervisor.goto(`/history?user=${person.id}`);
  await rows(supervisor).first().getByRole("link", { name: person.name }).click();
  await opened(supervisor).getByRole("button", { name: "Correct…" }).click();
  const dialog = supervisor.getByRole("dialog", { name: `Correct what came of the call with ${person.name}` });
  await dialog.getByRole("button", { name: "Correct it" }).click();
  await expect(dialog.getByText("Choose what came of the call.")).toBeVisible();
  await dialog.getByLabel("What came of it in truth?").selectOption({ label: "Left voicemail" });
  await expect(dialog.getByText("Next attempt")).toBeVisible();
  await dialog.getByRole("button", { name: "Correct it" }).click();
  await expect(dialog.getByText("Please say why, for whoever asks later.")).toBeVisible();
  await expect(dialog.getByLabel("Note")).toHaveValue("Nobody there");
  await dialog.getByLabel("Why is it corrected?").fill("Heard it on the recording");
  await dialog.getByRole("button", { name: "Correct it" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(supervisor.getByTestId("toast")).toContainText("Next attempt");
  await expect(rows(supervisor).first()).toContainText("Left voicemail");
  await expect(rows(supervisor).first()).toContainText("put right");
  const kept = opened(supervisor).getByTestId("superseded");
  await expect(kept).toContainText("No answer, by Hannah Whitfield");
  await expect(kept).toContainText("Put right by Gareth Penhaligon");
  await expect(kept).toContainText("Heard it on the recording");
  const [attempt] = await ours<{ disposition: string }>("select disposition from queue.attempt where user_id = $1", [person.id]);
  expect(attempt?.disposition).toBe("left_voicemail");

  // The agent, too, on the same day; what is typed is not thrown away by mistake.
  await page.goto(`/history?user=${person.id}`);
  await rows(page).first().getByRole("link", { name: person.name }).click();
  await opened(page).getByRole("button", { name: "Correct…" }).click();
  const own = page.getByRole("dialog");
  await own.getByLabel("Why is it corrected?").fill("They asked");
  page.once("dialog", (asked) => asked.dismiss());
  await page.keyboard.press("Escape");
  await expect(own.getByLabel("Why is it corrected?")).toHaveValue("They asked");
  await own.getByLabel("What came of it in truth?").selectOption({ label: "Call me back" });
  await own.getByRole("button", { name: "Correct it" }).click();
  await expect(own.getByText("Choose when to call back.")).toBeVisible();
  page.once("dialog", (asked) => asked.accept());
  await own.getByRole("button", { name: "Leave it" }).click();
  await expect(own).toHaveCount(0);
  await supervisor.context().close();
});

test("an administrator edits an outcome; two who do so at once are told of each other", async ({ page, browser }) => {
  expectStatus(409, 422);
  await signIn(page, ALYS);
  await page.getByRole("link", { name: "Outcomes" }).click();
  await page.getByRole("link", { name: "Edit Vulnerable" }).click();
  await expect(page).toHaveURL(/edit=vulnerable/);
  await expect(page.getByText("Not edited here")).toBeVisible();
  const other = await elsewhere(browser, ALYS);
  await other.goto("/outcomes?edit=vulnerable");
  await expect(other.getByLabel("Label")).toHaveValue("Vulnerable");

  await page.getByLabel("Label").fill(" ");
  await page.getByRole("button", { name: "Store it" }).click();
  await expect(page.getByText("Please write a label")).toBeVisible();
  await page.getByLabel("Label").fill("Handle with care");
  await page.getByRole("combobox", { name: "Key" }).selectOption("1");
  await page.getByRole("button", { name: "Store it" }).click();
  await expect(page.getByText(/Key 1 is that of/)).toBeVisible();
  await page.getByRole("combobox", { name: "Key" }).selectOption({ label: "None" });
  await page.getByLabel("Delay in hours").fill("0");
  await page.getByRole("button", { name: "Store it" }).click();
  await expect(page.getByText("from 1 to 8760")).toBeVisible();
  await page.getByLabel("Delay in hours").fill("72");
  await expect(page.getByTestId("unstored")).toBeVisible();
  await other.getByLabel("Label").fill("Care");
  await page.getByRole("button", { name: "Store it" }).click();
  await expect(page.getByTestId("toast")).toContainText("“Handle with care” is changed");
  await expect(page.getByTestId("unstored")).toHaveCount(0);
  await expect(page.getByTestId("changes")).toContainText("Label “Vulnerable” → “Handle with care”");
  await expect(page.getByTestId("changes")).toContainText("Alys Morgan");

  await expect(other.getByTestId("theirs")).toContainText("Label “Vulnerable” → “Handle with care”");
  await other.getByRole("button", { name: "Store it" }).click();
  await expect(other.getByText("Nothing of yours was stored.")).toBeVisible();
  await expect(other.getByLabel("Label")).toHaveValue("Care");
  await other.getByRole("button", { name: "Show what holds now" }).click();
  await expect(other.getByLabel("Label")).toHaveValue("Handle with care");
  await other.context().close();

  // Whoever is no administrator is told who is.
  const supervisor = await elsewhere(browser, GARETH);
  await expect(supervisor.getByRole("link", { name: "Outcomes" })).toHaveCount(0);
  await supervisor.goto("/outcomes");
  await expect(supervisor.getByRole("heading", { name: "Outcomes are for administrators" })).toBeVisible();
  await supervisor.context().close();
});
