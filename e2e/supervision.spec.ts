// Looking somebody up, objections, settings: what supervisors and administrators decide, and what it does to a call.
import type { Page } from "@playwright/test";

import { ALYS, BUSINESS_NOW, GARETH, HANNAH, elsewhere, expect, expectStatus, ours, personOnScreen, pressKey, setStatus, signIn, skip, test } from "./support";

const lookUp = async (page: Page, text: string) => {
  await page.goto("/users");
  await page.getByLabel("Name, number or user's id").fill(text);
  await page.getByRole("button", { name: "Find" }).click();
};

test.afterEach(async () => {
  await ours("delete from queue.suppression where source = 'page'");
  await ours("delete from queue.settings where version > 1");
  await ours("update auth.agent set queues = null");
});

test("an agent looks somebody up, takes them to the console, and nobody else can", async ({ page, browser }) => {
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  const [last] = await ours<{ user_id: string }>(`select e.user_id from queue.entry e
     where e.kind = 'unsigned_users' and e.put_back_until is null and not exists (select from queue.attempt a where a.user_id = e.user_id)
     order by e.score desc, e.user_id desc limit 1`);
  await lookUp(page, last?.user_id ?? "");
  await page.getByRole("link", { name: new RegExp(`User ${last?.user_id}`) }).click();
  await expect(page.getByRole("heading", { name: "May be rung now" })).toBeVisible();
  const take = page.getByRole("button", { name: "Take to the console" });
  await setStatus(page, "Break");
  await expect(take).toHaveAttribute("aria-disabled", "true");
  await page.getByRole("main").getByRole("button", { name: "Become available" }).click();
  await expect(take).toHaveAttribute("aria-disabled", "false");
  const name = (await page.getByTestId("looked-up").textContent()) ?? "";
  await take.click();
  const taken = await personOnScreen(page);
  expect([taken.id, taken.name]).toEqual([last?.user_id, name]);

  const other = await elsewhere(browser, GARETH);
  await lookUp(other, name);
  await other.getByRole("link", { name: new RegExp(`User ${taken.id}`) }).click();
  await expect(other.getByRole("heading", { name: "With Hannah Whitfield now" })).toBeVisible();
  await expect(other.getByRole("button", { name: "Take to the console" })).toHaveCount(0);
  await expect(other.getByRole("button", { name: "Look again" })).toHaveCount(1);
  await expect(other.getByLabel("Name, number or user's id")).toHaveValue(name);
  await other.getByRole("link", { name: /Back to those found for/ }).click();
  await expect(other.getByRole("link", { name: new RegExp(`User ${taken.id}`) })).toBeVisible();
  await other.close();
  await skip(page);
  await page.goto(`/users?id=${taken.id}`);
  await expect(page.getByTestId("against")).toContainText("Put back by an agent for a while");
  await expect(page.getByRole("heading", { name: "May not be rung now" })).toBeVisible();
});

test("what cannot be looked for is said in words, and what is not there too", async ({ page }) => {
  expectStatus(422, 404);
  await signIn(page, HANNAH);
  await lookUp(page, "x");
  await expect(page.getByText("two letters of the name")).toBeVisible();
  await lookUp(page, "Nobody of this name at all");
  await expect(page.getByText("Nobody was found")).toBeVisible();
  await page.goto("/users?id=999999999");
  await expect(page.getByText("There is no such user")).toBeVisible();
});

test("an objection put on record takes the person out at once, and is not for a supervisor to lift", async ({ page }) => {
  expectStatus(422, 404, 409);
  await signIn(page, GARETH);
  const [first] = await ours<{ user_id: string }>("select user_id from queue.entry order by user_id desc limit 1");
  await page.getByRole("link", { name: "Do not call" }).click();
  await page.getByRole("button", { name: "Put on record" }).click();
  await expect(page.getByText("Write a user's id or a number.")).toBeVisible();
  await page.getByLabel("Whom: a user's id or a number").fill("nobody");
  await page.getByLabel("Why", { exact: true }).fill("Wrote to us");
  await page.getByRole("button", { name: "Put on record" }).click();
  await expect(page.getByText("neither a user's id nor a telephone number")).toBeVisible();
  await page.getByLabel("Whom: a user's id or a number").fill("999999999");
  await page.getByRole("button", { name: "Put on record" }).click();
  await expect(page.getByText("The claims platform has no such user.")).toBeVisible();
  await page.getByLabel("Whom: a user's id or a number").fill(first?.user_id ?? "");
  await page.getByRole("button", { name: "Put on record" }).click();
  const row = page.getByTestId("objection").filter({ has: page.locator(`a[href="/users?id=${first?.user_id}"]`) });
  await expect(row).toContainText("Do not contact");
  await expect(row).toContainText("entered by Gareth Penhaligon; for good");
  expect(await ours("select from queue.entry where user_id = $1", [first?.user_id])).toHaveLength(0);
  await page.goto(`/users?id=${first?.user_id}`);
  await expect(page.getByTestId("against")).toContainText("Asked not to be contacted");

  // Meant for good: not for a supervisor to lift.
  await page.goto(`/suppressions?search=${first?.user_id}`);
  await expect(row).toContainText("Only an administrator can lift this.");
  await expect(row.getByRole("button")).toHaveCount(0);

  await page.getByLabel("Whom: a user's id or a number").fill(first?.user_id ?? "");
  await page.getByLabel("Why", { exact: true }).fill("Wrote again");
  await page.getByRole("button", { name: "Put on record" }).click();
  await expect(page.getByText("That is on record already.")).toBeVisible();
});

test("settings are changed with a reason, refused in words, and hold at once", async ({ page, browser }) => {
  expectStatus(422);
  await signIn(page, ALYS);
  await page.getByRole("link", { name: "Settings" }).click();
  const agent = await elsewhere(browser, HANNAH);
  await setStatus(agent, "Available");

  await page.getByLabel("Unsigned: calls").fill("99");
  await page.getByLabel("Why", { exact: true }).fill("A quieter week");
  await page.getByRole("button", { name: "Store the settings" }).click();
  await expect(page.getByText("Unsigned: calls: a whole number from 0 to 10.")).toBeVisible();
  await page.getByLabel("Unsigned: calls").fill("2");
  await page.getByLabel("Monday to Friday from").fill("07:00");
  await page.getByRole("button", { name: "Store the settings" }).click();
  await expect(page.getByText("no setting widens that")).toBeVisible();
  await page.getByLabel("Monday to Friday from").fill("12:00");
  await page.getByRole("button", { name: "Store the settings" }).click();
  await expect(page.getByTestId("toast")).toContainText("hold from now on");
  await expect(page.getByText("Unsigned: calls 3 → 2 a day")).toBeVisible();
  await expect(page.getByText("A quieter week").first()).toBeVisible();

  await pressKey(agent, "Alt+n");
  await expect(agent.getByText("Calls may be made from 12:00.").first()).toBeVisible();
  await agent.close();
});

test("what is typed of the settings and not stored is said wherever the page stands, until it is undone or stored", async ({ page }) => {
  await signIn(page, ALYS);
  await page.goto("/settings");
  const unstored = page.getByTestId("unstored");
  const age = page.getByRole("checkbox", { name: /Age counts in the order/ });
  await expect(age).toBeChecked();
  await expect(unstored).toHaveCount(0);
  await page.locator("main").evaluate((main) => main.scrollTo(0, 0));
  await age.uncheck();
  await expect(unstored).toBeInViewport();
  await page.locator("main").evaluate((main) => main.scrollTo(0, 0));
  await expect(unstored).toBeInViewport();
  await page.getByRole("button", { name: "Undo what I typed" }).click();
  await expect(unstored).toHaveCount(0);
  await expect(age).toBeChecked();
  await age.uncheck();
  await page.getByLabel("Why", { exact: true }).fill("Asked by compliance");
  await page.getByRole("button", { name: "Store the settings" }).click();
  await expect(unstored).toHaveCount(0);
  await expect(page.getByText("Age counts: no")).toBeVisible();
});

test("what is typed of the settings is not lost by leaving, by Back or by a colleague's change", async ({ page, browser }) => {
  await signIn(page, ALYS);
  await page.getByRole("link", { name: "Settings" }).click();
  const tries = page.getByLabel("People tried for one Call next");
  const before = await tries.inputValue();
  await tries.fill("17");
  await page.getByLabel("Why", { exact: true }).fill("Asked by compliance");
  const asked: string[] = [];
  page.on("dialog", (dialog) => {
    asked.push(dialog.message());
    return dialog.dismiss();
  });
  await page.getByRole("link", { name: "Queues" }).click();
  expect(asked).toEqual(["What you typed here is not stored. Leave all the same?"]);
  await expect(page.getByRole("heading", { name: "Settings", exact: true })).toBeVisible();
  await page.goBack();
  await expect.poll(() => asked.length).toBe(2);
  await expect(page).toHaveURL(/\/settings$/);
  await expect(tries).toHaveValue("17");

  const colleague = await elsewhere(browser, ALYS);
  await colleague.goto("/settings");
  const age = colleague.getByRole("checkbox", { name: /Age counts in the order/ });
  await age.click();
  await colleague.getByLabel("Why", { exact: true }).fill("A colleague's change");
  await colleague.getByRole("button", { name: "Store the settings" }).click();
  await expect(colleague.getByTestId("toast")).toContainText("The settings are changed");
  await expect(page.getByText("A colleague's change")).toBeVisible();
  await expect(tries).toHaveValue("17");
  await expect(page.getByLabel("Why", { exact: true })).toHaveValue("Asked by compliance");
  await page.getByRole("button", { name: "Undo what I typed" }).click();
  await expect(tries).toHaveValue(before);
  await page.getByRole("link", { name: "Queues" }).click();
  await expect(page.getByRole("heading", { name: "Queues and pauses" })).toBeVisible();
  expect(asked).toHaveLength(2);
  await colleague.close();
});

test("whoever has to sign in first comes to the page that they asked for", async ({ page }) => {
  await page.goto("/callbacks?when=today");
  await page.getByLabel("Work e-mail").fill(HANNAH);
  await page.getByLabel("Password", { exact: true }).fill(process.env.STAFF_PASSWORD ?? "");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Callbacks", exact: true })).toBeVisible();
  expect(new URL(page.url()).search).toBe("?when=today");
});

test("the keys are listed, by key and by button, and the list gives the focus back", async ({ page }) => {
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  const button = page.getByRole("button", { name: "Keys" });
  await button.click();
  const list = page.getByRole("dialog", { name: "Keys" });
  await expect(list).toContainText("Alt+N");
  await page.keyboard.press("Escape");
  await expect(list).toHaveCount(0);
  await expect(button).toBeFocused();
  await page.keyboard.press("Alt+/");
  await expect(list).toBeVisible();
  await list.getByRole("button", { name: "Close" }).click();
  await expect(list).toHaveCount(0);
});

test("an agent who is limited to a queue sees that queue alone", async ({ page, browser }) => {
  await signIn(page, ALYS);
  const agent = await elsewhere(browser, HANNAH);
  await expect(agent.getByRole("radio")).toHaveCount(3);
  await page.goto("/staff");
  await page.getByRole("link", { name: /Hannah Whitfield/ }).click();
  await page.getByLabel("Unsigned").uncheck();
  await page.getByLabel("Callbacks").uncheck();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(agent.getByRole("radio")).toHaveCount(1);
  await setStatus(agent, "Available");
  await pressKey(agent, "Alt+n");
  await personOnScreen(agent);
  await expect(agent.getByText("has signed, but").first()).toBeVisible();
  await agent.close();
});

test("a callback whose time has come is called from its page, and whose are shown is plain", async ({ page, browser }) => {
  const [made] = await ours<{ id: string; user_id: string }>(
    `insert into queue.callback
       (user_id, reason, promised_at, promised_wall_time, preferred_agent_id, available_at, created_at, created_by)
     select e.user_id, 'signature', t.at, t.at at time zone 'Europe/London', a.id, t.at, t.at - interval '1 hour', a.id
     from (
       select q.user_id from queue.entry q
       where q.kind = 'unsigned_users' and q.put_back_until is null and not exists (select from queue.attempt t where t.user_id = q.user_id)
       order by q.user_id limit 1
     ) e, auth.agent a, (select ${BUSINESS_NOW} - interval '1 minute' as at) t
     where a.email = $1
     returning id, user_id::text`,
    [HANNAH],
  );
  try {
    await signIn(page, HANNAH);
    await setStatus(page, "Break");
    // Figures are shared for up to a second, and nothing tells of what a test writes.
    await expect(async () => {
      await page.reload();
      await expect(page.getByTestId("state")).toContainText("Callback due: ", { timeout: 1_500 });
    }).toPass();
    await expect(page.getByRole("main").getByText("Call next offers it first.")).toBeVisible();
    await page.getByRole("link", { name: "Callbacks", exact: true }).click();
    const row = page.getByTestId("callback");
    await expect(row).toContainText("Due now");
    await expect(row).toContainText(/07700 90\d{4} · You, until \d\d:\d\d then anyone/);
    await expect(row.getByText(/\d\d:\d\d$/)).toHaveCount(1);
    const call = row.getByRole("button", { name: /Call now/ });
    await expect(call).toHaveAttribute("aria-disabled", "true");
    await row.getByRole("button", { name: "Become available" }).click();
    await call.click();
    expect((await personOnScreen(page)).id).toBe(made?.user_id);
    await expect(page.getByText(/was promised a call for today \d\d:\d\d\./)).toBeVisible();
    // Whoever is with somebody is no late callback.
    await expect(page.getByTestId("promised-call")).toHaveCount(0);

    const gareth = await elsewhere(browser, GARETH);
    await gareth.getByRole("link", { name: "Callbacks" }).click();
    await expect(gareth.getByRole("link", { name: "Everybody’s" })).toHaveAttribute("aria-current", "true");
    await expect(gareth.getByTestId("callback")).toContainText("with Hannah Whitfield now");
    await gareth.getByRole("link", { name: "Mine" }).click();
    await expect(gareth.getByText("You have promised nothing")).toBeVisible();
    await gareth.close();
  } finally {
    await ours("delete from queue.callback where id = $1", [made?.id]);
  }
});

test("a promise is moved to another time, and a time that cannot be promised is refused in words", async ({ page }) => {
  expectStatus(422);
  const [made] = await ours<{ id: string; day: string }>(
    `insert into queue.callback
       (user_id, reason, promised_at, promised_wall_time, preferred_agent_id, available_at, created_at, created_by)
     select 999000002, 'user_asked', t.at, t.at at time zone 'Europe/London', a.id, t.at, t.at - interval '1 hour', a.id
     from auth.agent a, (select ${BUSINESS_NOW} + interval '40 minutes' as at) t
     where a.email = $1
     returning id, to_char(promised_wall_time, 'YYYY-MM-DD') as day`,
    [HANNAH],
  );
  try {
    await signIn(page, HANNAH);
    await page.goto("/callbacks?when=today");
    await expect(page.getByTestId("day").getByRole("link", { name: /to come$/ })).toHaveCount(1);
    const row = page.getByTestId("callback");
    await row.getByRole("button", { name: /^Move/ }).click();
    await row.getByRole("button", { name: "Move it" }).click();
    await expect(row.getByRole("alert")).toHaveText("Please choose a day and a time.");
    await row.getByRole("button", { name: "Other…" }).click();
    await row.getByLabel("Day", { exact: true }).fill(`${made?.day}`);
    await row.getByLabel("Time", { exact: true }).fill("23:30");
    await expect(row.getByTestId("refused")).toContainText("Calls may not be made at that time.");
    await row.getByLabel("Time", { exact: true }).fill("19.45");
    await expect(row.getByTestId("promised")).toContainText(", 19:45");
    await row.getByRole("button", { name: "Move it" }).click();
    await expect(row).toContainText("19:45");
    await expect(page.getByTestId("day").getByRole("link", { name: /moved$/ })).toHaveCount(1);
    await expect(page.getByText(/^to today 19:45$/)).toBeVisible();
  } finally {
    await ours("delete from queue.callback where user_id = 999000002");
  }
});

test("an agent sees the next callback before it is due, a supervisor those that turned late", async ({ page, browser }) => {
  await signIn(page, HANNAH);
  const gareth = await elsewhere(browser, GARETH);
  const promised = page.getByTestId("promised-call");
  const late = gareth.getByTestId("late-callbacks");
  await expect(promised).toHaveCount(0);
  await expect(late).toHaveCount(0);

  // By the business clock: it shows business_at at the machine's machine_at. Somebody who has nothing to be called about, so that
  // nobody else's work is changed.
  const [made] = await ours<{ id: string }>(
    `insert into queue.callback
       (user_id, reason, promised_at, promised_wall_time, preferred_agent_id, available_at, created_at, created_by)
     select 999000001, 'user_asked', t.at, t.at at time zone 'Europe/London', a.id, t.at, t.at - interval '1 hour', a.id
     from auth.agent a, (select ${BUSINESS_NOW} + interval '8 minutes' as at) t
     where a.email = $1
     returning id`,
    [HANNAH],
  );
  try {
    // Figures are shared for up to a second, and nothing tells of what a test writes.
    await expect(async () => {
      await page.reload();
      await expect(promised).toContainText(/Callback \d\d:\d\d, in [78] min/, { timeout: 1_500 });
    }).toPass();
    await promised.click();
    await expect(page.getByRole("heading", { name: "Callbacks", exact: true })).toBeVisible();
    await ours("update queue.callback set promised_at = promised_at - interval '20 minutes' where id = $1", [made?.id]);
    await expect(async () => {
      await gareth.reload();
      await expect(late).toContainText("1", { timeout: 1_500 });
    }).toPass();
    await page.goto("/");
    await expect(promised).toContainText("12 min late");
  } finally {
    await ours("delete from queue.callback where id = $1", [made?.id]);
  }
  await gareth.close();
});
