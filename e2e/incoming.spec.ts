// People who ring us back. Who hears whom is measured in the page and at the carrier.
import type { APIRequestContext, Page } from "@playwright/test";

import { admin, counter, dock, legs, state } from "./carrier";
import { GARETH, HANNAH, MARCUS, elsewhere, expect, ours, personOnScreen, pressKey, setStatus, signIn, test } from "./support";

type Person = { id: string; number: string };

const OURS = "+442079460000";
const CHATS = [{ repeat: "chat" }];

const ringIn = async (request: APIRequestContext, from: string, steps: object[] = CHATS): Promise<string> =>
  (await admin(request, "calls/incoming", { from, to: OURS, steps })).sid;
const leg = async (request: APIRequestContext, sid: string) => (await legs(request)).find((leg) => leg.sid === sid);

const rings = (page: Page) => page.getByTestId("ringing");
const wrapUp = (page: Page) => page.getByRole("radiogroup", { name: "What came of the call?" });

/** Somebody who waits to be rung and was not yet, with the number that we know them by. */
const somebody = async (): Promise<Person> => {
  const [row] = await ours<Person>(
    `select user_id::text as id, number from queue.entry e where kind = 'unsigned_users'
     and not exists (select from queue.attempt a where a.user_id = e.user_id or a.number = e.number)
     and not exists (select from queue.callback c where c.user_id = e.user_id) order by user_id desc limit 1`,
  );
  return row;
};
/** The twenty seconds of the offer are over. */
const letItRing = () => ours("update calls.offer set expires_at = expires_at - interval '30 seconds' where answer is null");

test.beforeEach(async ({ request, context }) => {
  await admin(request, "reset");
  // Which tones are made, without listening.
  await context.addInitScript(() => {
    const tones: number[] = [];
    (window as unknown as { tones: number[] }).tones = tones;
    const make = AudioContext.prototype.createOscillator;
    AudioContext.prototype.createOscillator = function () {
      const tone = make.call(this);
      const start = tone.start.bind(tone);
      tone.start = (when?: number) => (tones.push(tone.frequency.value), start(when));
      return tone;
    };
  });
});

// Whoever is to be rung back would come first in the journeys after these.
test.afterEach(() => ours("delete from queue.callback where is_return_call"));

test("whoever rings back is answered by one key: both hear each other, and the outcome is recorded", async ({ page, request }) => {
  const person = await somebody();
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  const sid = await ringIn(request, person.number);

  await expect(rings(page)).toContainText("Nobody has talked with them yet", { timeout: 30_000 });
  await expect(page.locator("#live-assertive")).toContainText("is ringing. Alt+A answers");
  expect(await page.evaluate(() => (window as unknown as { tones: number[] }).tones)).toEqual([400, 450]);
  // Seen by somebody who looks at another tab.
  await expect(page).toHaveTitle("A customer is ringing · Dialler");
  await expect(page.locator("link[rel=icon]")).toHaveAttribute("href", "/favicon-rings.svg");
  expect((await request.get("/favicon-rings.svg")).ok()).toBe(true);
  const name = /^(.*) rings/.exec((await rings(page).locator("p").first().textContent()) ?? "")?.[1] ?? "";
  await pressKey(page, "Alt+a");
  await expect(state(page)).toContainText("Talking");
  await expect(rings(page)).toHaveCount(0);
  await expect(page).toHaveTitle("Console · Dialler");
  await expect(page.locator("link[rel=icon]")).toHaveAttribute("href", "/favicon.svg");
  await expect(page.getByTestId("person")).toHaveText(name);
  await expect(page.getByRole("button", { name: /My status: On call/ })).toBeVisible();

  // lessons, line 23: packets and energy, both ways, in the page and at the carrier.
  await expect.poll(() => counter(page, "packets-in")).toBeGreaterThan(50);
  await expect.poll(() => counter(page, "packets-out")).toBeGreaterThan(50);
  await expect.poll(() => counter(page, "energy-in")).toBeGreaterThan(0.001);
  await expect.poll(async () => (await leg(request, sid))?.media.sent.recent_rms).toBeGreaterThan(150);

  // On hold they hear music, and the agent hears nothing of them.
  await page.keyboard.press("Alt+o");
  await expect(state(page)).toContainText("On hold");
  await page.keyboard.press("Alt+o");
  await expect(state(page)).toContainText("Talking");

  // The page is loaded anew: they wait, and are talked with again.
  await page.reload();
  await expect(state(page)).toContainText("Talking", { timeout: 15_000 });
  await expect.poll(() => counter(page, "energy-in")).toBeGreaterThan(0.001);
  await expect.poll(async () => (await leg(request, sid))?.media.sent.recent_rms).toBeGreaterThan(150);

  await admin(request, `calls/${sid}/hangup`);
  await expect(wrapUp(page)).toBeVisible();
  await expect(page.getByTestId("end-words")).toContainText("hung up");
  await page.keyboard.press("2");
  await expect(page.getByText("0 of 2 today").first()).toBeVisible();
  await pressKey(page, "Enter");
  await expect(page.getByTestId("toast")).toContainText("next attempt: Friday");
  const [attempt] = await ours<{ disposition: string; is_incoming: boolean }>("select disposition, is_incoming from queue.attempt where user_id = $1", [person.id]);
  expect(attempt).toEqual({ disposition: "going_to_complete", is_incoming: true });
  await expect.poll(async () => (await ours<{ n: string }>("select count(*) as n from calls.recording r join calls.call c on c.id = r.call_id where c.user_id = $1 and r.stored_at is not null", [person.id]))[0].n).toBe("1");
  await page.goto(`/history?user=${person.id}`);
  await expect(page.getByTestId("attempt").first()).toContainText("Rang us");
  await page.getByRole("combobox", { name: "Queue" }).selectOption("Unsigned");
  await expect(page.getByText("No such calls")).toBeVisible();
  await page.getByRole("combobox", { name: "Queue" }).selectOption("Rang us");
  await expect(page).toHaveURL(/queue=rang_us/);
  await expect(page.getByTestId("attempt")).toHaveCount(1);
});

test("a page that is not seen notifies of somebody who rings, once that was allowed, and takes it back", async ({ page, request }) => {
  await page.addInitScript(() => {
    const shown: { title: string; isOpen: boolean }[] = [];
    (window as unknown as { shown: typeof shown }).shown = shown;
    // What the browser would show is written down: headless, it shows nothing.
    class Written {
      static permission = "default";
      static async requestPermission() {
        return (Written.permission = "granted");
      }
      private readonly one: { title: string; isOpen: boolean };
      constructor(title: string) {
        this.one = { title, isOpen: true };
        shown.push(this.one);
      }
      close() {
        this.one.isOpen = false;
      }
    }
    window.Notification = Written as unknown as typeof Notification;
    Object.defineProperty(document, "hidden", { get: () => !("isSeen" in window) });
  });
  const shown = () => page.evaluate(() => (window as unknown as { shown: { title: string; isOpen: boolean }[] }).shown);
  const person = await somebody();
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  await page.getByTestId("microphone-light").click();
  await page.getByRole("button", { name: "Notify me when a customer rings" }).click();
  await expect(page.getByText("a notification says that a customer is ringing")).toBeVisible();
  await page.keyboard.press("Escape");

  await ringIn(request, person.number);
  await expect(rings(page)).toBeVisible({ timeout: 30_000 });
  await expect.poll(shown).toEqual([{ title: "A customer is ringing", isOpen: true }]);
  // The agent comes back to it: in a page that nobody sees nothing can be pressed.
  await page.evaluate(() => {
    Object.assign(window, { isSeen: true });
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
  });
  await pressKey(page, "Alt+x");
  await expect(rings(page)).toHaveCount(0);
  await expect.poll(shown).toEqual([{ title: "A customer is ringing", isOpen: false }]);
});

test("declined, missed and then nobody: the message, and one call back that Call next offers first", async ({ page, browser, request }) => {
  const person = await somebody();
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  const marcus = await elsewhere(browser, MARCUS, { permissions: ["microphone"] });
  await setStatus(marcus, "Available");
  const sid = await ringIn(request, person.number);
  // Hannah has been available for longer.
  await expect(rings(page)).toBeVisible({ timeout: 30_000 });
  await expect(rings(marcus)).toHaveCount(0);
  await page.getByRole("button", { name: "Decline" }).click();
  await expect(rings(page)).toHaveCount(0);
  await expect(rings(marcus)).toBeVisible();
  await expect(page.getByRole("button", { name: /My status: Available/ })).toBeVisible();
  await letItRing();
  await expect(rings(marcus)).toHaveCount(0);
  await expect(marcus.getByTestId("toast")).toContainText("does not ring here any more");

  // They hear the message to its end, and are out.
  await expect.poll(async () => (await leg(request, sid))?.status, { timeout: 40_000 }).toBe("completed");
  const [incoming] = await ours<{ ended_as: string }>("select ended_as from calls.incoming where sid = $1", [sid]);
  expect(incoming.ended_as).toBe("nobody_free");
  // Again, and given up at once: it stays one.
  const again = await ringIn(request, person.number);
  await expect(rings(page)).toBeVisible({ timeout: 30_000 });
  await admin(request, `calls/${again}/hangup`);
  await expect(rings(page)).toHaveCount(0);
  const promised = await ours<{ n: string }>("select count(*) as n from queue.callback where user_id = $1 and is_return_call", [person.id]);
  expect(promised[0].n).toBe("1");

  await pressKey(page, "Alt+n");
  await expect(page.getByRole("region", { name: "The person" })).toContainText(`User ${person.id}`);
  await expect(page.getByRole("region", { name: "Why this call" })).toContainText("promised a call");
  await marcus.context().close();
});

test("of several people at one number the agent says who it is", async ({ page, request }) => {
  const [shared] = await ours<{ number: string; ids: string[] }>(
    `select number, array_agg(user_id::text order by user_id) as ids from queue.entry group by number having count(*) = 2 limit 1`,
  );
  expect(shared, "a number that two people share is among these claims").toBeTruthy();
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  const sid = await ringIn(request, shared.number);
  await expect(rings(page)).toContainText(" or ", { timeout: 30_000 });
  await rings(page).getByRole("button", { name: /^Answer/ }).click();
  await expect(state(page)).toContainText("Talking");
  const who = page.getByTestId("who-rings");
  await expect(who.getByTestId("candidates").getByRole("listitem")).toHaveCount(2);
  const one = who.getByTestId("candidates").getByRole("listitem").filter({ hasText: `User ${shared.ids[0]}` });
  await one.getByRole("button", { name: "This is who rings" }).click();
  await expect(page.getByRole("region", { name: "The person" })).toContainText(`User ${shared.ids[0]}`);
  await expect(who).toHaveCount(0);
  await admin(request, `calls/${sid}/hangup`);
  await expect(wrapUp(page)).toBeVisible();
  await page.keyboard.press("5");
  await pressKey(page, "Enter");
});

test("somebody whom nobody knows is talked with, looked up or left without a name; a missed one is shown to supervisors", async ({ page, browser, request }) => {
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  const person = await somebody();
  // Somebody else's card is on the screen, and goes when the call is taken.
  await pressKey(page, "Alt+n");
  const other = await personOnScreen(page);
  const sid = await ringIn(request, "+441632960961");
  await expect(rings(page)).toContainText("Somebody we do not know rings", { timeout: 30_000 });
  await pressKey(page, "Alt+a");
  await expect(state(page)).toContainText("Talking");
  const who = page.getByTestId("who-rings");
  await expect(who).toBeVisible();
  await expect(page.getByRole("region", { name: "The person" })).not.toContainText(other.name);
  await expect(page.getByTestId("notice")).toContainText(`${other.name} waits for somebody again`);
  await who.getByRole("searchbox").fill("zzzzzz");
  await who.getByRole("button", { name: "Find" }).click();
  await expect(who.getByRole("status")).toContainText("Nobody was found");
  await who.getByRole("searchbox").fill(person.id);
  await who.getByRole("button", { name: "Find" }).click();
  await who.getByRole("listitem").filter({ hasText: `User ${person.id}` }).getByRole("button").click();
  await expect(page.getByRole("region", { name: "The person" })).toContainText(`User ${person.id}`);
  await admin(request, `calls/${sid}/hangup`);
  await expect(wrapUp(page)).toBeVisible();
  await page.keyboard.press("5");
  await pressKey(page, "Shift+Enter");
  await expect(page.getByRole("heading", { name: "You are on a break" })).toBeVisible();

  const missed = await ringIn(request, "+441632960962");
  await expect.poll(async () => (await leg(request, missed))?.status, { timeout: 40_000 }).toBe("completed");
  const gareth = await elsewhere(browser, GARETH);
  await gareth.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Floor" }).click();
  const list = gareth.getByTestId("missed-callers");
  await list.locator("summary").click();
  await expect(list).toContainText("01632 960962");
  await expect(list).toContainText("They heard that nobody was free.");
  // Somebody has seen to it: it is listed no more, and it is on record who it was.
  await list.getByRole("button", { name: /^Seen to: 01632 960962/ }).click();
  await expect(list).toHaveCount(0);
  const [seen] = await ours<{ email: string }>("select a.email from calls.incoming i join auth.agent a on a.id = i.seen_to_by where i.sid = $1", [missed]);
  expect(seen?.email).toBe(GARETH);
  await gareth.context().close();
});

test("by the key nine nobody rings them any more", async ({ page, browser, request }) => {
  const person = await somebody();
  await signIn(page, HANNAH);
  const sid = await ringIn(request, person.number, [{ wait_ms: 1500 }, { send_dtmf: "9" }, { repeat: "chat" }]);
  await expect.poll(async () => (await leg(request, sid))?.status, { timeout: 40_000 }).toBe("completed");
  const [objection] = await ours<{ kind: string; reason: string }>("select kind, reason from queue.suppression where user_id = $1 and number = $2", [person.id, person.number]);
  expect(objection).toEqual({ kind: "do_not_contact", reason: "They pressed the key for it when they rang us" });
  const gareth = await elsewhere(browser, GARETH);
  await gareth.goto(`/users?id=${person.id}`);
  await expect(gareth.getByText("Asked not to be contacted").first()).toBeVisible();
  await gareth.context().close();
});
