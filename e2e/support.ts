// What the journeys share: people who sign in, and the two databases behind the product.
import { setTimeout as pause } from "node:timers/promises";

import { type Browser, type BrowserContextOptions, type Locator, type Page, expect, test as base } from "@playwright/test";
import mysql from "mysql2/promise";
import pg from "pg";

import { ofWorker } from "./worker";

export const needed = (name: string): string => {
  const value = ofWorker(name);
  if (!value) throw new Error(`${name} is not set; run the journeys with scripts/just e2e`);
  return value;
};

/** A second click at the same place is only meant by somebody who has seen what stands there now (lessons, line 58); in milliseconds. */
const LOOKS = 700;
/** Two clicks no further apart than this along either axis are at the same place. */
const NEAR = 16;

/** Has `click` wait as a person does, who looks before they press at the same place again. */
const clickAsAPerson = (page: Page) => {
  const locators = Object.getPrototypeOf(page.locator("body")) as { click: Locator["click"]; isPatient?: boolean };
  if (locators.isPatient) return;
  locators.isPatient = true;
  const click = locators.click;
  const last = { x: 0, y: 0, at: 0 };
  locators.click = async function (this: Locator, options) {
    // Where it is once it can be clicked: what lies below the edge is scrolled to first.
    const patience = { timeout: options?.timeout };
    await this.scrollIntoViewIfNeeded(patience).catch(() => {});
    const box = await this.boundingBox(patience).catch(() => null);
    const [x, y] = box ? [box.x + box.width / 2, box.y + box.height / 2] : [0, 0];
    const isThere = Math.abs(x - last.x) <= NEAR && Math.abs(y - last.y) <= NEAR;
    if (isThere) await pause(Math.max(0, last.at + LOOKS - Date.now()));
    await click.call(this, options);
    Object.assign(last, { x, y, at: Date.now() });
  };
};

/** Every journey begins with nobody signed in, held or away, and fails on any error in a page's console. */
export const test = base.extend<{ isTelephoneChecked: boolean; noErrors: void }>({
  /** The check of the telephone was passed today; it has a journey of its own. */
  isTelephoneChecked: [true, { option: true }],
  noErrors: [
    async ({ context, isTelephoneChecked }, use) => {
      expected = [];
      errors = [];
      await atRest();
      if (isTelephoneChecked) await passTelephoneCheck(context);
      context.on("page", collectErrors);
      context.on("page", clickAsAPerson);
      await use();
      expect(errors, "errors in the browser's console").toEqual([]);
    },
    { auto: true },
  ],
});
export { expect };

/** Nobody is signed in, held, away or on the line. */
export const atRest = async () => {
  await ours("update auth.session set ended_at = now(), ended_reason = 'signed_out' where ended_at is null");
  await ours("update auth.agent set intention = 'offline', intention_since = now(), engagement = null, engaged_since = null");
  await ours(`update calls.call set closed_at = ${BUSINESS_NOW}, state = 'ended', ended_at = coalesce(ended_at, ${BUSINESS_NOW}),
    end_reason = coalesce(end_reason, 'by_agent'), agent_away_since = null, held_since = null where closed_at is null`);
  await ours(`update calls.monitoring set ended_at = ${BUSINESS_NOW} where ended_at is null`);
  await ours(`update calls.offer set answer = 'withdrawn', answered_at = ${BUSINESS_NOW} where answer is null`);
  await ours("update calls.incoming set state = 'ended', ended_as = coalesce(ended_as, 'gave_up') where state <> 'ended'");
  await ours("update queue.entry set leased_by = null");
  await ours("delete from queue.lease");
};

/** What the journey is about may be an error: then it says which, in words of the browser's message. */
let expected: string[] = [];
/** What the consoles of all pages of a journey have said; looked at when it ends. */
let errors: string[] = [];
export const expectErrors = (...words: string[]) => {
  expected = words;
};
/** The browser itself reports a refused request. */
export const expectStatus = (...statuses: number[]) => expectErrors(...statuses.map((status) => `status of ${status}`));
const collectErrors = (page: Page) => {
  page.on("console", (message) => {
    const isExpected = expected.some((words) => message.text().includes(words));
    if (message.type() === "error" && !isExpected) errors.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(String(error)));
};

const passTelephoneCheck = (context: BrowserContext) =>
  context.addInitScript(() => {
    // Not in the empty page before the first.
    if (location.protocol.startsWith("http")) localStorage.setItem("dialler.telephone_checked", new Date().toDateString());
  });

export const HANNAH = "hannah.whitfield@example.co.uk";
export const MARCUS = "marcus.bell@example.co.uk";
export const GARETH = "gareth.penhaligon@example.co.uk";
export const ALYS = "alys.morgan@example.co.uk";

export const signIn = async (page: Page, email: string) => {
  await page.goto("/sign-in");
  await alive(page);
  await page.getByLabel("Work e-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(needed("STAFF_PASSWORD"));
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.waitForURL((url) => !url.pathname.includes("sign-in"));
};

/** A second person, in a browser of their own. */
export const elsewhere = async (browser: Browser, email: string, options: BrowserContextOptions = {}): Promise<Page> => {
  const context = await browser.newContext({ baseURL: needed("BASE_URL"), ...options });
  context.on("page", collectErrors);
  await passTelephoneCheck(context);
  const page = await context.newPage();
  await signIn(page, email);
  return page;
};

export const alive = (page: Page) => page.locator("body[data-mounted]").waitFor();

export const setStatus = async (page: Page, status: "Available" | "Break" | "Offline") => {
  await page.getByRole("button", { name: /My status/ }).click();
  await page.getByRole("menuitemradio", { name: status }).click();
  await expect(page.getByRole("button", { name: new RegExp(`My status: ${status}`) })).toBeVisible();
};

/** Presses a key that the bar at the bottom has, or whoever rings. A click waits by itself until its button does something; a key does not. */
export const pressKey = async (page: Page, key: string) => {
  await expect(page.locator("[data-next], [data-testid=ringing]").locator("[aria-disabled=true]")).toHaveCount(0);
  await page.keyboard.press(key);
};

/** The person on the screen: the number the platform knows them by. */
export const personOnScreen = async (page: Page): Promise<{ id: string; name: string }> => {
  const heading = page.getByTestId("person");
  await heading.waitFor();
  const section = page.getByRole("region", { name: "The person" });
  const id = /User (\d+)/.exec((await section.textContent()) ?? "")?.[1];
  if (!id) throw new Error("no person on the screen");
  return { id, name: (await heading.textContent()) ?? "" };
};

export const skip = async (page: Page, reason = "Not a good time") => {
  await page.getByRole("button", { name: "Skip…" }).click();
  await page.getByLabel(reason).check();
  await page.getByRole("button", { name: "Skip", exact: true }).click();
  await expect(page.getByTestId("toast")).toContainText("can be offered again");
};

/** The present moment of the business, in SQL: the clock that the server goes by. */
export const BUSINESS_NOW = "(select business_at + (clock_timestamp() - machine_at) from server.clock)";

/** The dialler's own database. */
export const ours = async <Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> => {
  const client = new pg.Client({ connectionString: needed("DATABASE_URL") });
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
};

const platform = async (url: string, sql: string, values: unknown[]) => {
  const connection = await mysql.createConnection({ uri: url, supportBigNumbers: true, bigNumberStrings: true });
  try {
    const [rows] = await connection.query(sql, values);
    return rows as Record<string, unknown>[];
  } finally {
    await connection.end();
  }
};

/** What the replica says. */
export const replica = (sql: string, values: unknown[] = []) => platform(needed("REPLICA_DATABASE_URL"), sql, values);

/** The user signs on the platform; returns when the replica knows it. */
export const sign = async (userId: string) => {
  await platform(
    needed("CLAIMS_SIM_DATABASE_URL"),
    "update users set current_signature_file_id = uuid(), updated_at = utc_timestamp() where id = ?",
    [userId],
  );
  await expect
    .poll(async () => (await replica("select current_signature_file_id as file from users where id = ?", [userId]))[0]?.file)
    .toBeTruthy();
};

/** The number of a user on the platform becomes another text; returns when the replica knows it. */
export const setNumber = async (userId: string, text: string) => {
  await platform(needed("CLAIMS_SIM_DATABASE_URL"), "update users set phone_number = ? where id = ?", [text, userId]);
  await expect.poll(async () => (await replica("select phone_number as text from users where id = ?", [userId]))[0]?.text).toBe(text);
};

/** Who is next in a queue. */
export const head = async (queue: string): Promise<string> => {
  const [row] = await ours<{ user_id: string }>(
    `select user_id::text from queue.entry where kind = $1 and leased_by is null and put_back_until is null
     order by score, raw_sum, queued_at, user_id limit 1`,
    [queue],
  );
  return row.user_id;
};

/** What was announced so far has been heard by this page, and what it asks because of that has been answered: a mark comes behind it, and
 *  another one when that was heard. Each page asks who it is once for each. */
export const settled = async (page: Page) => {
  for (let mark = 0; mark < 2; mark += 1) {
    const answered = page.waitForResponse((answer) => answer.url().endsWith("/api/auth/me"));
    await ours(`select pg_notify('dialler_hints', '["everything"]')`);
    await (await answered).finished();
  }
  await painted(page);
};

/** What the page has to paint is painted. */
export const painted = (page: Page) => page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));

/** Timers of the page that were set so far, and are no longer than this, have fired: this one stands behind them. */
export const timersFired = (page: Page, millis: number) => page.evaluate((millis) => new Promise((resolve) => setTimeout(resolve, millis)), millis);
