// Whoever clicks twice, or holds a key, does one thing (lessons, line 58): nobody is rung unread, no outcome is saved that nobody has chosen, and no
// attempt is used up. What was done is what the database has and what the browser has asked for, after something that came later.
import { setTimeout } from "node:timers/promises";

import type { Locator, Page } from "@playwright/test";

import { admin, dock, next, state } from "./carrier";
import { BUSINESS_NOW, GARETH, HANNAH, elsewhere, expect, ours, personOnScreen, pressKey, setStatus, signIn, skip, test } from "./support";

const CHATS = [{ ring_ms: 300 }, { answer: true }, { repeat: "chat" }];
const RINGS = [{ ring_ms: 60_000 }, { no_answer: true }];
const ENGAGED = [{ busy: true }];

/** As fast as one clicks; not quite; and as slowly as Windows still takes for one double click. */
const APART = [150, 350, 500];
/** What a press may have the server do. */
const ACTIONS =
  /\/api\/(queue\/(call_next|release|take|resume|withdraw|move_callback)|calls\/(start|hang_up|record_outcome|hold|rejoin|answer|decline|ask_transfer|withdraw_transfer|see_to_caller|extend_wrap_up)|auth\/set_presence)$/;

/** When the pointer went down in this page, by the browser's own clock. */
const downs = (page: Page) => page.evaluate(() => (window as unknown as { downs: number[] }).downs);

/** When a finger last went down, by this machine's clock. */
let pressedAt = 0;

/**
 * Clicks at one place, so many milliseconds apart, whatever comes there meanwhile. The browser is told when the finger went down: a machine that is
 * busy hears of it later, and makes no fast fingers slow.
 */
const clicks = async (page: Page, target: Locator, apart: number, times = 2) => {
  // Less than 700 ms after the last one it would be one more click of that run.
  await setTimeout(Math.max(0, pressedAt + 750 - Date.now()));
  await expect(target).toBeEnabled();
  // A list that is drawn anew puts another row in the place of this one.
  let [x, y] = [0, 0];
  await expect(async () => {
    await target.hover({ timeout: 1_000 });
    const box = await target.boundingBox({ timeout: 1_000 });
    if (!box) throw new Error("nothing to click");
    [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  }).toPass();
  await page.mouse.move(x, y);
  const before = (await downs(page)).length;
  const browser = await page.context().newCDPSession(page);
  const began = Date.now();
  // The fingers do not wait until the page has dealt with the first one.
  const pressed: Promise<unknown>[] = [];
  for (let click = 0; click < times; click += 1) {
    const at = began + click * apart;
    await setTimeout(Math.max(0, at - Date.now()));
    const press = { x, y, button: "left", clickCount: 1, timestamp: at / 1000 } as const;
    pressed.push(browser.send("Input.dispatchMouseEvent", { type: "mousePressed", buttons: 1, ...press }));
    pressed.push(browser.send("Input.dispatchMouseEvent", { type: "mouseReleased", buttons: 0, ...press }));
  }
  pressedAt = began + (times - 1) * apart;
  await Promise.all(pressed);
  await browser.detach();
  const at = (await downs(page)).slice(before);
  expect(at.slice(1).map((down, click) => Math.round(down - at[click]))).toEqual(Array.from({ length: times - 1 }, () => apart));
};

/** Holds a key: the keyboard repeats it until it is let go. */
const hold = async (page: Page, key: string) => {
  for (let times = 0; times < 8; times += 1) {
    await page.keyboard.down(key);
    await setTimeout(60);
  }
  await page.keyboard.up(key);
};

/** Has this happen to a part of the page at the very moment in which it comes. */
const atOnce = (page: Page, selector: string, act: (part: HTMLElement) => void) =>
  page.addInitScript(`{
    const act = ${act.toString()};
    const seen = new WeakSet();
    const look = () => {
      for (const part of document.querySelectorAll(${JSON.stringify(selector)})) {
        if (!seen.has(part)) act(part, seen.add(part));
      }
    };
    new MutationObserver(look).observe(document, { childList: true, subtree: true });
  }`);

/** What happened to people so far. */
const done = async () => {
  const [row] = await ours<{ calls: number; outcomes: number; attempts: number }>(
    `select (select count(*)::int from calls.call) as calls, (select count(*)::int from calls.outcome) as outcomes,
       (select count(*)::int from queue.attempt) as attempts`,
  );
  return row;
};

/** What the browser has asked the server to do, in order. */
const asked = (page: Page) => {
  const found: string[] = [];
  page.on("request", (request) => {
    const action = ACTIONS.exec(request.url())?.[1];
    if (action) found.push(action);
  });
  return found;
};

const button = (page: Page, name: string | RegExp) => dock(page).getByRole("button", { name });
const call = (page: Page) => button(page, /^Call\b(?! next)/);
const callNext = (page: Page) => button(page, /^Call next/);
const hangUp = (page: Page) => button(page, /^Hang up/);
const choices = (page: Page) => page.getByRole("radiogroup", { name: "What came of the call?" });
const ready = (page: Page) => expect(page.getByRole("heading", { name: "Ready for the next call" })).toBeVisible();

const available = async (page: Page, email = HANNAH) => {
  await signIn(page, email);
  await setStatus(page, "Available");
};

test.beforeEach(async ({ context, request }) => {
  await admin(request, "reset");
  await context.addInitScript(() => {
    const downs: number[] = [];
    Object.assign(window, { downs });
    window.addEventListener("pointerdown", (event) => downs.push(event.timeStamp), true);
  });
});

for (const [apart, times] of [...APART.map((apart) => [apart, 2]), [300, 4]]) {
  test(`${times} clicks on Call next, ${apart} ms apart, ring nobody`, async ({ page }) => {
    await available(page);
    const before = await done();
    for (const first of [callNext(page), page.getByRole("main").getByRole("button", { name: /^Call next/ })]) {
      const actions = asked(page);
      await clicks(page, first, apart, times);
      await personOnScreen(page);
      // Whoever is being rung cannot be skipped.
      await skip(page);
      await ready(page);
      expect(actions).toEqual(["queue/call_next", "queue/release"]);
      page.removeAllListeners("request");
    }
    expect(await done()).toEqual(before);
  });

  test(`a whole call in ${times} clicks each, ${apart} ms apart, is the same as with one`, async ({ page, request }) => {
    test.setTimeout(120_000);
    await signIn(page, HANNAH);
    const before = await done();
    const actions = asked(page);
    await clicks(page, button(page, "Become available"), apart, times);
    await ready(page);
    await next(request, ...CHATS);
    await clicks(page, callNext(page), apart, times);
    const person = await personOnScreen(page);
    await clicks(page, call(page), apart, times);
    await expect(state(page)).toContainText("Talking");
    await clicks(page, button(page, "Keypad"), apart, times);
    await expect(page.getByTestId("sent")).toBeEmpty();
    await page.keyboard.press("Escape");
    await clicks(page, button(page, "Transfer…"), apart, times);
    await page.getByRole("dialog").getByRole("button", { name: "Not now" }).click();
    await clicks(page, hangUp(page), apart, times);
    await expect(choices(page)).toBeVisible();
    // It waits for what the agent says.
    expect(await done()).toEqual({ calls: before.calls + 1, outcomes: before.outcomes, attempts: before.attempts + 1 });
    await clicks(page, choices(page).getByText("Will do it"), apart, times);
    await clicks(page, button(page, /^Save and next/), apart, times);
    await expect.poll(async () => (await personOnScreen(page)).id).not.toBe(person.id);
    await clicks(page, button(page, "Skip…"), apart, times);
    await expect(page.getByRole("dialog").getByRole("radio", { checked: true })).toHaveCount(0);
    await page.getByLabel("Not a good time").check();
    await clicks(page, page.getByRole("button", { name: "Skip", exact: true }), apart, times);
    await ready(page);

    // Engaged: what came of it is chosen already, so that one click too many would save it.
    await next(request, ...ENGAGED);
    await clicks(page, callNext(page), apart, times);
    await personOnScreen(page);
    await clicks(page, call(page), apart, times);
    await expect(page.getByTestId("end-words")).toHaveText("The line is engaged.");
    await clicks(page, button(page, /^Save and pause/), apart, times);
    await expect(page.getByRole("heading", { name: "You are on a break" })).toBeVisible();
    await setStatus(page, "Offline");
    expect(actions).toEqual([
      ...["auth/set_presence", "queue/call_next", "calls/start", "calls/hang_up", "calls/record_outcome"],
      ...["queue/call_next", "queue/release", "queue/call_next", "calls/start", "calls/record_outcome", "auth/set_presence", "auth/set_presence"],
    ]);
    page.removeAllListeners("request");
    expect(await done()).toEqual({ calls: before.calls + 2, outcomes: before.outcomes + 2, attempts: before.attempts + 2 });
    const said = await ours<{ disposition: string; end_reason: string }>(
      `select o.disposition, c.end_reason from calls.outcome o join calls.call c on c.id = o.call_id order by c.created_at desc limit 2`,
    );
    expect(said).toEqual([
      { disposition: "busy", end_reason: "busy" },
      { disposition: "going_to_complete", end_reason: "by_agent" },
    ]);
  });
}

test("keys that are pressed twice or held do one thing", async ({ page, request }) => {
  test.setTimeout(90_000);
  await atOnce(page, "[data-testid=person]", (person) => {
    for (const type of ["keydown", "keyup"]) person.dispatchEvent(new KeyboardEvent(type, { code: "KeyC", key: "c", altKey: true, bubbles: true }));
  });
  await available(page);
  const before = await done();
  const actions = asked(page);

  // Call next once, twice and held; and Call at the very moment in which somebody comes: whoever has not been read is not rung.
  for (const press of [() => page.keyboard.press("n"), () => page.keyboard.press("n").then(() => page.keyboard.press("n")), () => hold(page, "n")]) {
    await expect(callNext(page)).toBeEnabled();
    await page.keyboard.down("Alt");
    await press();
    await page.keyboard.up("Alt");
    await personOnScreen(page);
    await skip(page);
    await ready(page);
  }
  // Enter and Space on the button itself.
  for (const key of ["Enter", " "]) {
    await expect(callNext(page)).toBeEnabled();
    await callNext(page).focus();
    await hold(page, key);
    await personOnScreen(page);
    await page.keyboard.press(key);
    await skip(page);
    await ready(page);
  }
  expect(actions).toEqual(Array.from({ length: 5 }, () => ["queue/call_next", "queue/release"]).flat());
  expect(await done()).toEqual(before);

  // Call held, and hang up held: they are rung, and hung up on once.
  actions.length = 0;
  await next(request, ...ENGAGED);
  await pressKey(page, "Alt+n");
  const person = await personOnScreen(page);
  await expect(call(page)).toBeEnabled();
  await page.keyboard.down("Alt");
  await hold(page, "c");
  await page.keyboard.press("c");
  await page.keyboard.up("Alt");
  await expect(page.getByTestId("end-words")).toHaveText("The line is engaged.");
  // Enter held saves it, and the next person is neither rung nor skipped.
  await expect(button(page, /^Save and next/)).toBeEnabled();
  await page.getByTestId("person").focus();
  await hold(page, "Enter");
  await expect.poll(async () => (await personOnScreen(page)).id).not.toBe(person.id);
  await page.keyboard.press("Enter");
  await skip(page);
  expect(actions).toEqual(["queue/call_next", "calls/start", "calls/record_outcome", "queue/call_next", "queue/release"]);
  expect(await done()).toEqual({ calls: before.calls + 1, outcomes: before.outcomes + 1, attempts: before.attempts + 1 });
});

test("a call that was hung up at once has no outcome chosen, and Enter saves none", async ({ page, request }) => {
  await available(page);
  await next(request, ...RINGS);
  await pressKey(page, "Alt+n");
  const person = await personOnScreen(page);
  await pressKey(page, "Alt+c");
  await expect(state(page)).toContainText("Ringing");
  // However slow this machine is, Call was pressed just now.
  await ours("update calls.call set created_at = created_at + interval '1 minute' where closed_at is null");
  await hangUp(page).click();
  await expect(page.getByTestId("end-words")).toHaveText("It ended before anybody answered.");
  await expect(choices(page).getByRole("radio", { checked: true })).toHaveCount(0);
  const before = await done();
  await page.getByTestId("person").focus();
  await pressKey(page, "Enter");
  await expect(page.getByText("Choose what came of the call.")).toBeVisible();
  expect(await done()).toEqual(before);
  await page.keyboard.press("9");
  await pressKey(page, "Enter");
  await expect.poll(async () => (await personOnScreen(page)).id).not.toBe(person.id);
  expect(await done()).toEqual({ ...before, outcomes: before.outcomes + 1 });
  await ours(`update calls.call set created_at = created_at - interval '1 minute' where created_at > ${BUSINESS_NOW}`);
});

test("nobody is rung whose card has not been painted: a hidden page shows nobody", async ({ page }) => {
  await page.addInitScript(() => {
    const [frame, frames] = [window.requestAnimationFrame.bind(window), new Set<FrameRequestCallback>()];
    Object.defineProperty(document, "hidden", { get: () => "isHidden" in window });
    window.requestAnimationFrame = (draw) => ("isHidden" in window ? frames.add(draw).size : frame(draw));
    Object.assign(window, {
      setHidden: (isHidden: boolean) => {
        if (isHidden) Object.assign(window, { isHidden });
        else Reflect.deleteProperty(window, "isHidden");
        document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
        if (!isHidden) for (const draw of frames) frame(draw);
      },
    });
  });
  const setHidden = (isHidden: boolean) => page.evaluate((isHidden) => (window as unknown as { setHidden: (is: boolean) => void }).setHidden(isHidden), isHidden);
  await available(page);
  const before = await done();
  await expect(callNext(page)).toBeEnabled();
  // Before anybody comes: a card that was painted once has been seen.
  await setHidden(true);
  await page.keyboard.press("Alt+n");
  const person = await personOnScreen(page);
  // Twice as long, by the page's own clock.
  await page.evaluate(() => new Promise((resolve) => window.setTimeout(resolve, 1_400)));
  await expect(call(page)).toHaveAttribute("aria-disabled", "true");
  await page.keyboard.press("Alt+c");
  await setHidden(false);
  await expect(call(page)).toHaveAttribute("aria-disabled", "true");
  await expect(call(page)).toBeEnabled();
  expect((await personOnScreen(page)).id).toBe(person.id);
  await skip(page);
  expect(await done()).toEqual(before);
});

test("whoever rings is neither answered nor declined by a click that was meant for something else", async ({ page, request }) => {
  await atOnce(page, "[data-testid=ringing] button", (button) => button.click());
  await available(page);
  const actions = asked(page);
  const ringing = page.getByTestId("ringing");
  for (const [first, key, answer] of [["Decline", null, "declined"], [null, "Alt+x", "declined"], ["Answer", null, "accepted"]] as const) {
    const { sid } = await admin(request, "calls/incoming", { from: "+441632960963", to: "+442079460000", steps: [{ repeat: "chat" }] });
    await expect(ringing).toBeVisible({ timeout: 30_000 });
    if (first) await clicks(page, ringing.getByRole("button", { name: new RegExp(`^${first}`) }), 350);
    if (key) await pressKey(page, key);
    await expect(ringing).toHaveCount(0);
    const [offer] = await ours<{ answer: string }>("select answer from calls.offer order by offered_at desc limit 1");
    expect(offer.answer).toBe(answer);
    if (answer === "accepted") await expect(state(page)).toContainText("Talking");
    await admin(request, `calls/${sid}/hangup`);
  }
  await expect(choices(page)).toBeVisible();
  expect(actions).toEqual(["calls/decline", "calls/decline", "calls/answer"]);
});

test("where a row goes, the next one that takes its place is not pressed", async ({ page, request }) => {
  test.setTimeout(90_000);
  // Two who rang and reached nobody.
  const from = ["+441632960964", "+441632960965"];
  for (const number of from) {
    const { sid } = await admin(request, "calls/incoming", { from: number, to: "+442079460000", steps: [{ repeat: "chat" }] });
    await admin(request, `calls/${sid}/hangup`);
  }
  const missed = async () => (await ours("select 1 from calls.incoming where number = any($1) and ended_as is not null and seen_to_at is null", [from])).length;
  await expect.poll(missed, { timeout: 30_000 }).toBe(2);
  await signIn(page, GARETH);
  const list = page.getByTestId("missed-callers");
  await list.locator("summary").click();
  const rows = list.getByRole("button", { name: /^Seen to: 01632 96096[45]/ });
  await expect(rows).toHaveCount(2);
  await clicks(page, rows.first(), 350);
  await expect(rows).toHaveCount(1);
  expect(await missed()).toBe(1);
  // The other one's button is what is there now, and a press that is meant counts.
  await expect(async () => {
    await rows.first().click();
    await expect(rows).toHaveCount(0, { timeout: 1_000 });
  }).toPass();

  // Two pauses.
  const pauses = async () => (await ours("select 1 from queue.pause where ended_at is null")).length;
  await page.evaluate(async () => {
    const ask = async (path: string, data: object) => {
      const answer = await fetch(`/api/queue/${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(data) });
      return answer.json();
    };
    const { pausable } = (await ask("overview", {})) as { pausable: { kind: string; name: string }[] };
    const lenders = pausable.filter((choice) => choice.kind === "lender").slice(0, 2);
    for (const { kind, name } of lenders) await ask("pause", { kind, name, reason: "Their portal is down", until: null });
  });
  expect(await pauses()).toBe(2);
  try {
    await page.goto("/queues");
    const resume = page.getByRole("button", { name: /^Resume/ });
    await expect(resume).toHaveCount(2);
    await clicks(page, resume.first(), 350);
    await expect(resume).toHaveCount(1);
    expect(await pauses()).toBe(1);
  } finally {
    await ours(`update queue.pause set ended_at = ${BUSINESS_NOW}, ended_by = 1 where ended_at is null`);
    await ours("update queue.entry set is_paused = false where is_paused");
  }

  // Two promises.
  const made = await ours<{ id: string }>(
    `insert into queue.callback (user_id, reason, promised_at, promised_wall_time, preferred_agent_id, available_at, created_at, created_by)
     select e.user_id, 'signature', t.at, t.at at time zone 'Europe/London', a.id, t.at, t.at - interval '4 hours', a.id
     from (
       select q.user_id from queue.entry q
       where q.kind = 'unsigned_users' and q.put_back_until is null and not exists (select from queue.attempt t where t.user_id = q.user_id)
         and not exists (select from queue.callback c where c.user_id = q.user_id)
       order by q.user_id desc limit 2
     ) e, auth.agent a, (select business_at + (clock_timestamp() - machine_at) + interval '3 hours' as at from server.clock) t
     where a.email = $1 returning id::text`,
    [GARETH],
  );
  const open = async () => (await ours("select 1 from queue.callback where id = any($1::bigint[]) and state = 'scheduled'", [made.map((row) => row.id)])).length;
  try {
    await page.goto("/callbacks?of=mine");
    const withdraw = page.getByRole("button", { name: /^Withdraw the callback/ });
    await expect(withdraw).toHaveCount(2);
    await clicks(page, withdraw.first(), 350);
    await page.getByLabel("Why is it withdrawn?").fill("Rang in the meantime");
    await clicks(page, page.getByRole("button", { name: "Withdraw it" }), 350);
    await expect(page.getByTestId("toast")).toContainText("The callback is withdrawn.");
    await expect(page.getByTestId("callback")).toHaveCount(1);
    await expect(page.getByRole("button", { name: "Withdraw it" })).toHaveCount(0);
    expect(await open()).toBe(1);
  } finally {
    await ours("delete from queue.callback where id = any($1::bigint[])", [made.map((row) => row.id)]);
  }
});

test("what is asked of a supervisor and taken back shares no place within a double click", async ({ page, browser, request }) => {
  test.setTimeout(90_000);
  await next(request, ...CHATS);
  const gareth = await elsewhere(browser, GARETH, { permissions: ["microphone"] });
  await gareth.context().addInitScript(() => {
    const downs: number[] = [];
    Object.assign(window, { downs });
    window.addEventListener("pointerdown", (event) => downs.push(event.timeStamp), true);
  });
  await gareth.reload();
  await available(page);
  const [actions, theirs] = [asked(page), asked(gareth)];
  await pressKey(page, "Alt+n");
  await personOnScreen(page);
  await pressKey(page, "Alt+c");
  await expect(state(page)).toContainText("Talking");
  await button(page, "Transfer…").click();
  await clicks(page, page.getByRole("dialog").getByRole("button", { name: "Ask" }), 350);
  const bar = gareth.getByTestId("transfer");
  await clicks(gareth, bar.getByRole("button", { name: "Accept" }), 350);
  await expect(bar).toContainText("You are on the line with");
  await expect(page.getByTestId("transfer")).toContainText("is on the line");
  // “Take the call” and “Leave” have come where “Accept” and “Decline” were.
  expect(actions.filter((action) => action.includes("transfer"))).toEqual(["calls/ask_transfer"]);
  expect(theirs).toEqual([]);
  const asks = await ours<{ state: string }>("select state from calls.transfer order by asked_at desc limit 1");
  expect(asks).toEqual([{ state: "accepted" }]);
  await hangUp(page).click();
  await expect(choices(page)).toBeVisible();
  await gareth.context().close();
});
