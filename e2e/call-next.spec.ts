import { GARETH, HANNAH, MARCUS, alive, elsewhere, expect, expectStatus, head, ours, personOnScreen, pressKey, replica, setStatus, sign, signIn, skip, test } from "./support";

test("an agent signs in, is given somebody with the reason, skips, and is given somebody else", async ({ page }) => {
  await signIn(page, HANNAH);
  await expect(page.getByText("You are offline").first()).toBeVisible();
  await setStatus(page, "Available");

  await pressKey(page, "Alt+n");
  const first = await personOnScreen(page);
  const why = page.getByRole("region", { name: "Why this call" });
  await expect(why).toContainText("has not signed yet");
  // The reason shown is what the replica says.
  const [facts] = await replica(
    `select coalesce(u.current_signature_file_id, '') as signature, u.is_enabled,
       (select count(*) from claims c where c.user_id = u.id and (c.status is null or lower(c.status) not in ('complete', 'completed', 'cancelled'))) as open_claims
     from users u where u.id = ?`,
    [first.id],
  );
  expect(facts.signature).toBe("");
  expect(Number(facts.is_enabled)).toBe(1);
  const words = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"];
  const open = Number(facts.open_claims);
  await expect(why).toContainText(`${words[open]} open claim`);
  await expect(page.getByTestId("person")).toBeFocused();

  // Claims stay folded until the agent has checked who it is.
  await expect(page.getByRole("columnheader", { name: "Lender" })).toBeHidden();
  await page.getByLabel("Identity checked").check();
  await expect(page.getByRole("columnheader", { name: "Lender" })).toBeVisible();

  // A reload brings the same person back.
  await page.reload();
  await alive(page);
  expect((await personOnScreen(page)).id).toBe(first.id);

  await skip(page, "Language");
  await page.getByRole("button", { name: /Call next/ }).first().click();
  const second = await personOnScreen(page);
  expect(second.id).not.toBe(first.id);
  await skip(page);
});

test("a waiting user who signs is not offered, counts as saved, and the supervisor sees it without reloading", async ({ page, browser }) => {
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  const floor = await elsewhere(browser, GARETH);
  await expect(floor).toHaveURL(/\/floor/);
  await floor.evaluate(() => ((window as unknown as { sameDocument: boolean }).sameDocument = true));
  const row = floor.getByRole("row", { name: /Hannah Whitfield/ });
  await expect(row).toContainText("Available");

  const signer = await head("unsigned_users");
  await sign(signer);
  await page.getByRole("button", { name: /Call next/ }).first().click();
  const offered = await personOnScreen(page);

  expect(offered.id).not.toBe(signer);
  await expect(page.getByTestId("saved-call").first()).toContainText("No call needed: signed in the meantime");
  const [saved] = await ours<{ count: string }>("select count(*) from queue.decision where user_id = $1 and is_saved_call", [signer]);
  expect(saved.count).toBe("1");

  await expect(row).toContainText(offered.id);
  await expect(floor.getByText("Signed in the meantime").first()).toBeVisible();
  expect(await floor.evaluate(() => (window as unknown as { sameDocument?: boolean }).sameDocument)).toBe(true);

  // The reason goes away while the person is on the screen: the next look says so.
  await sign(offered.id);
  await page.reload();
  await alive(page);
  await expect(page.getByTestId("saved-call")).toContainText("No call needed");
  await expect(page.getByTestId("saved-list").getByRole("listitem")).toHaveCount(2);
  await floor.close();
});

test("two agents are never given the same person", async ({ page, browser }) => {
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  const marcus = await elsewhere(browser, MARCUS);
  await setStatus(marcus, "Available");

  await Promise.all([page, marcus].map((each) => pressKey(each, "Alt+n")));
  const people = await Promise.all([page, marcus].map(personOnScreen));

  expect(people[0].id).not.toBe(people[1].id);
  await Promise.all([page, marcus].map((each) => skip(each)));
  await marcus.close();
});

test("skipping with “other” needs a note, and nothing is lost by trying without", async ({ page }) => {
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  await pressKey(page, "Alt+n");
  const person = await personOnScreen(page);
  // lessons, line 55: a modal that could not be closed locked the application.
  const open = page.getByRole("button", { name: "Skip…" });
  await open.click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(open).toBeFocused();

  await open.click();
  // What is at fault has the focus and says why, until it is put right.
  const note = page.getByLabel(/^Note/);
  await note.focus();
  await page.getByRole("button", { name: "Skip", exact: true }).click();
  await expect(page.getByLabel("Not a good time")).toBeFocused();
  await expect(page.getByRole("radiogroup")).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByRole("radiogroup")).toHaveAccessibleDescription("Choose a reason.");
  await page.getByLabel("Other").check();
  await expect(page.getByText("Choose a reason.")).toHaveCount(0);
  await page.getByRole("button", { name: "Skip", exact: true }).click();
  await expect(note).toBeFocused();
  await expect(note).toHaveAttribute("aria-invalid", "true");
  await expect(note).toHaveAccessibleDescription("Say in the note what the reason is.");
  expect((await personOnScreen(page)).id).toBe(person.id);
  await page.keyboard.type("S");
  await expect(page.locator("#skip-problem")).toBeEmpty();
  await expect(note).toHaveAttribute("aria-invalid", "false");

  // A few words may go; more are not thrown away unasked, however often Escape is pressed.
  await note.fill("Spoke to the brother; asked to try next week.");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Write on" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(note).toBeFocused();
  await page.getByRole("button", { name: "Keep", exact: true }).click();
  await page.getByRole("button", { name: "Write on" }).click();
  await expect(note).toHaveValue("Spoke to the brother; asked to try next week.");
  expect((await personOnScreen(page)).id).toBe(person.id);
  await page.getByRole("button", { name: "Keep", exact: true }).click();
  await page.getByRole("button", { name: "Throw it away" }).click();
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(open).toBeFocused();

  await open.click();
  await page.getByLabel("Other").check();
  await note.fill("Spoke to the brother; asked to try next week.");
  await page.getByRole("button", { name: "Skip", exact: true }).click();
  await expect(page.getByTestId("toast")).toBeVisible();
  const [kept] = await ours<{ note: string }>("select note from queue.release where user_id = $1 order by id desc limit 1", [person.id]);
  expect(kept.note).toBe("Spoke to the brother; asked to try next week.");
});

test("an answer about somebody who was skipped meanwhile does not bring them back", async ({ page }) => {
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  await pressKey(page, "Alt+n");
  await personOnScreen(page);
  const lease = page.getByRole("region", { name: "The person" });
  await expect(lease).toContainText("Yours while you are here");

  // The server answers while the person is held; the answer reaches the browser only after the skip.
  let deliver = () => {};
  const isSkipped = new Promise<void>((resolve) => (deliver = resolve));
  await page.route("**/api/queue/current", async (route) => {
    const response = await route.fetch();
    await isSkipped;
    await route.fulfill({ response });
  });
  const answered = page.waitForResponse("**/api/queue/current");
  await page.getByRole("button", { name: "Check again" }).click();
  await skip(page);
  deliver();
  await (await answered).finished();
  await page.unroute("**/api/queue/current");
  await expect(page.getByRole("heading", { name: "Ready for the next call" })).toBeVisible();
});

test("checking again finds that no call is needed, and that is what is read out", async ({ page }) => {
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  await pressKey(page, "Alt+n");
  const person = await personOnScreen(page);
  const said = page.locator("#live-polite");
  await expect(said).toContainText(`${person.name}. `);
  await page.getByRole("button", { name: "Check again" }).click();
  await expect(said).toContainText(`Checked again. ${person.name}`);

  await sign(person.id);
  await page.getByRole("button", { name: "Check again" }).click();
  await expect(page.getByTestId("saved-call")).toContainText("No call needed: signed in the meantime");
  await expect(said).toHaveText(`No call needed: ${person.name}, signed in the meantime. ${person.name} is not yours any more. Nobody was rung; below is why.`);
});

test("on a break nobody is offered", async ({ page }) => {
  await signIn(page, HANNAH);
  await setStatus(page, "Break");
  await expect(page.getByText("You are on a break").first()).toBeVisible();
  let asked = 0;
  page.on("request", (request) => (asked += request.url().endsWith("/api/queue/call_next") ? 1 : 0));
  await pressKey(page, "Alt+n");
  // Whoever goes back to work is asked for after that: the key of before has led to nothing.
  await setStatus(page, "Available");
  await expect(page.getByText("You are on a break")).toHaveCount(0);
  expect(asked).toBe(0);
  await expect(page.getByTestId("person")).toHaveCount(0);
  await pressKey(page, "Alt+n");
  await personOnScreen(page);
});

test("when the account is deactivated elsewhere, the next thing the agent does leads to signing in", async ({ page }) => {
  await signIn(page, MARCUS);
  await setStatus(page, "Available");
  expectStatus(401);
  await ours("update auth.session set ended_at = now(), ended_reason = 'deactivated' where ended_at is null and agent_id = (select id from auth.agent where email = $1)", [MARCUS]);
  await pressKey(page, "Alt+n");
  await page.waitForURL(/sign-in\?reason=ended/);
});
