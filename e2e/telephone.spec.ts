// The whole of a call in a real browser with the real SDK. `accept` proves nothing: packets and sound are measured in the page and at
// the carrier (lessons, line 23).
import type { APIRequestContext, Page } from "@playwright/test";

import { LOUD, SILENT, admin, agentLeg, counter, dock, legs, moreSound, next, soundBothWays, state } from "./carrier";
import { GARETH, HANNAH, alive, expect, expectErrors, expectStatus, ours, painted, personOnScreen, pressKey, setNumber, setStatus, settled, sign, signIn, test, timersFired } from "./support";

const ANSWERS = [{ ring_ms: 1200 }, { answer: true }, { repeat: "chat" }];

const personLegs = async (request: APIRequestContext) => (await legs(request)).filter((leg) => leg.to.startsWith("+"));

/** An agent who is available has somebody in front of them. */
const offered = async (page: Page) => {
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  await pressKey(page, "Alt+n");
  return personOnScreen(page);
};
const wrapUp = (page: Page) => page.getByRole("radiogroup", { name: "What came of the call?" });

test.beforeEach(async ({ request }) => admin(request, "reset"));

test.describe("for the first time in a day", () => {
  test.use({ isTelephoneChecked: false });

  test("an agent checks the telephone, and only then becomes available", async ({ page }) => {
    const loaded: string[] = [];
    page.on("request", (asked) => loaded.push(new URL(asked.url()).pathname));
    await signIn(page, HANNAH);
    await expect(page.getByTestId("telephone-light")).toContainText("not in use");
    expect(loaded.filter((path) => path.includes("telephone") || path.includes("twilio"))).toEqual([]);

    await page.getByRole("button", { name: "Become available" }).first().click();
    await expect(page.getByRole("heading", { name: "Check your telephone" })).toBeFocused();
    await expect(page.getByText("We can hear you")).toBeVisible();
    await expect(page.getByText(/The carrier answers: connected and signed in after \d+ ms/)).toBeVisible();
    const become = dock(page).getByRole("button", { name: "Become available" });
    await expect(become).toBeDisabled();
    await expect(become).toContainText("First the speaker");

    await page.getByRole("button", { name: "Play a sound" }).click();
    await page.getByRole("button", { name: "No", exact: true }).click();
    await expect(page.getByRole("alert")).toContainText("turn the volume up");
    await page.getByRole("button", { name: "Play the sound again" }).click();
    await expect(page.getByText("Waiting for your answer")).toBeVisible();
    await page.getByRole("button", { name: "Yes", exact: true }).click();
    await become.click();

    await expect(page.getByRole("button", { name: /My status: Available/ })).toBeVisible();
    await expect(page.getByTestId("telephone-light")).toContainText("ready");
    await expect(page.getByTestId("microphone-light")).toContainText("ready");
    expect(loaded).toContain("/telephone.js");
    expect(loaded).toContain("/vendor/twilio.min.js");

    // Today it is not asked for again.
    await page.reload();
    await alive(page);
    await setStatus(page, "Break");
    await setStatus(page, "Available");
    await expect(page.getByRole("heading", { name: "Check your telephone" })).toHaveCount(0);
    await page.getByTestId("telephone-light").click();
    await expect(page.getByRole("heading", { name: "Check your telephone" })).toBeVisible();
    await page.getByRole("button", { name: "Not now" }).click();
    await expect(page.getByRole("heading", { name: "Ready for the next call" })).toBeVisible();
  });

  test("without a microphone the agent is told what to do, and can still look around", async ({ page, context }) => {
    await context.addInitScript(() => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", "NotAllowedError"));
    });
    await signIn(page, HANNAH);
    await page.getByRole("button", { name: "Become available" }).first().click();
    await expect(page.getByRole("alert")).toContainText("Allow it with the sign beside the page's address");
    await expect(page.getByTestId("microphone-light")).toContainText("not allowed");
    await expect(dock(page).getByRole("button", { name: "Become available" })).toBeDisabled();
    await page.getByRole("button", { name: "Not now" }).click();
    await expect(page.getByRole("heading", { name: "You are offline" })).toBeVisible();
  });
});

test("a call: ringing, sound both ways, keys, mute, hang up, what came of it by one key, somebody else", async ({ page, request }) => {
  await next(request, ...ANSWERS);
  const person = await offered(page);
  const [before] = await ours<{ raw_sum: number }>("select raw_sum from queue.entry where user_id = $1", [person.id]);
  await expect(page.getByTestId("telephone-light")).toContainText("ready");

  await pressKey(page, "Alt+c");
  await expect(state(page)).toContainText("Ringing · 00:0");
  await expect(page.getByRole("button", { name: "Skip…" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: /My status: On call/ })).toBeVisible();
  await expect(state(page)).toContainText("Talking · 00:0");
  await expect(page.locator("#live-assertive")).toHaveText(`Connected to ${person.name}.`);
  await expect(page.getByTestId("person")).toHaveText(person.name);

  // Packets and energy, in the page and at the carrier, both ways.
  for (const name of ["packets-in", "packets-out"]) await expect.poll(() => counter(page, name)).toBeGreaterThan(100);
  for (const name of ["energy-in", "energy-out"]) await expect.poll(() => counter(page, name)).toBeGreaterThan(0);
  await expect.poll(async () => (await agentLeg(request))?.media.received.voiced ?? 0).toBeGreaterThan(10);
  await expect.poll(async () => (await agentLeg(request))?.media.sent.voiced ?? 0).toBeGreaterThan(10);
  await expect(page.getByTestId("trouble")).toHaveCount(0);

  await page.getByRole("button", { name: "Keypad" }).click();
  await page.getByRole("button", { name: "4", exact: true }).click();
  await page.keyboard.press("2");
  await page.keyboard.press("#");
  await expect(page.getByTestId("sent")).toHaveText("42#");
  await expect.poll(async () => (await agentLeg(request))?.media.digits).toBe("42#");
  await page.keyboard.press("Escape");

  // Muted is what the carrier hears no more of, not what a button says (lessons, line 24).
  const heard = async () => (await agentLeg(request))?.media.received.recent_rms ?? 0;
  const mute = page.getByRole("button", { name: "Mute", exact: true });
  await expect(mute).toHaveAttribute("aria-pressed", "false");
  await expect.poll(heard).toBeGreaterThan(150);
  await page.keyboard.press("Alt+m");
  await expect(page.getByRole("button", { name: "Muted", exact: true })).toHaveAttribute("aria-pressed", "true");
  await expect(page.getByTestId("microphone-light")).toContainText("muted");
  await expect.poll(heard).toBeLessThan(10);
  await page.keyboard.press("Alt+m");
  await expect(mute).toHaveAttribute("aria-pressed", "false");
  await expect.poll(heard).toBeGreaterThan(150);

  // While talking, once is not enough.
  await pressKey(page, "Alt+h");
  await expect(page.getByRole("button", { name: /^Hang up Alt\+H again/ })).toBeVisible();
  await expect(page.getByRole("button", { name: /^Hang up Alt\+H twice/ })).toBeVisible();
  await expect(state(page)).toContainText("Talking");
  await pressKey(page, "Alt+h");
  await page.keyboard.press("Alt+h");
  await expect(page.getByTestId("person")).toBeFocused();
  await expect(page.getByTestId("end-words")).toHaveText("You hung up.");
  await expect(page.getByRole("button", { name: /My status: Wrap-up/ })).toBeVisible();
  await expect(state(page)).toContainText(/Wrap-up · 1 min \d\d s left|Wrap-up · 2 min 00 s left/);
  // A click beside the outcomes takes the focus to nothing; the keys mean the same.
  await page.getByRole("heading", { name: "What came of the call?" }).click();
  await page.keyboard.press("2");
  await expect(wrapUp(page).getByRole("radio", { name: /^2 Will do it/ })).toBeChecked();
  await expect(page.getByRole("region", { name: "What will happen" })).toContainText("1 of 3 today");
  await pressKey(page, "Enter");

  await expect(page.getByTestId("toast")).toContainText("ext attempt");
  await expect(page.getByRole("button", { name: "Skip…" })).toBeVisible();
  const other = await personOnScreen(page);
  expect(other.id).not.toBe(person.id);
  const [outcome] = await ours<{ disposition: string }>("select o.disposition from calls.outcome o join calls.call c on c.id = o.call_id where c.user_id = $1", [person.id]);
  expect(outcome?.disposition).toBe("going_to_complete");
  // 72 hours later, by the business clock (rules, Dispositions).
  const [after] = await ours<{ score: number; raw_sum: number; hours: string }>(
    `select e.score, e.raw_sum, extract(epoch from e.available_at - c.created_at) / 3600 as hours
     from queue.entry e join calls.call c on c.user_id = e.user_id where e.user_id = $1`,
    [person.id],
  );
  expect(Math.abs(Number(after?.hours) - 72)).toBeLessThan(0.1);
  // Never rung before: recency was nothing, and is 60 on the day itself; the disposition adds nothing, the floor is 0 (rules, Scoring).
  expect(after?.raw_sum).toBeCloseTo((before?.raw_sum ?? NaN) + 60);
  expect(after?.score).toBe(Math.max(0, after?.raw_sum ?? NaN));
  const attempts = await ours<{ disposition: string; is_reached: boolean; is_failed: boolean }>(
    "select disposition, is_reached, is_failed from queue.attempt where user_id = $1",
    [person.id],
  );
  expect(attempts).toEqual([{ disposition: "going_to_complete", is_reached: true, is_failed: false }]);
});

for (const [what, steps, words, suggested] of [
  ["hangs up first", [{ ring_ms: 500 }, { answer: true }, { hangup_after_ms: 1500 }], "hung up.", null],
  ["is engaged", [{ busy: true }], "The line is engaged.", /Engaged/],
  ["does not answer", [{ ring_ms: 500 }, { no_answer: true }], "Nobody answered.", /No answer/],
  ["cannot be reached", [{ failed: true }], "The call could not be put through.", /failed/i],
] as const) {
  test(`when the person ${what}, that is said and suggested`, async ({ page, request }) => {
    test.setTimeout(60_000);
    await next(request, ...steps);
    const person = await offered(page);
    await page.getByRole("button", { name: /^Call\b(?! next)/ }).click();
    await expect(page.getByTestId("end-words")).toContainText(words, { timeout: 45_000 });
    await expect(page.locator("#live-polite")).toContainText("What came of the call?");
    if (suggested) {
      await expect(wrapUp(page).getByRole("radio", { name: suggested })).toBeChecked();
    } else {
      await pressKey(page, "Enter");
      await expect(page.getByText("Choose what came of the call.")).toBeVisible();
      await page.keyboard.press("5");
    }
    await page.getByTestId("person").focus();
    await pressKey(page, "Shift+Enter");
    await expect(page.getByRole("heading", { name: "You are on a break" })).toBeVisible();
    const [kept] = await ours<{ count: string }>("select count(*) from calls.outcome o join calls.call c on c.id = o.call_id where c.user_id = $1", [person.id]);
    expect(kept?.count).toBe("1");
  });
}

test("a machine that answers is heard, spoken to after its tone, and recorded as a voicemail", async ({ page, request }) => {
  test.setTimeout(60_000);
  await next(request, { ring_ms: 800 }, { answer: true }, { play: "voicemail" }, { beep: true });
  const person = await offered(page);
  await pressKey(page, "Alt+c");
  await expect(state(page)).toContainText("Talking");
  // The greeting here, and what is said here there.
  await soundBothWays(page, request);
  const [machine] = await personLegs(request);
  await expect.poll(async () => (await personLegs(request))[0].media.sent.voiced).toBeGreaterThan(machine.media.sent.voiced + 50);
  await page.getByRole("button", { name: /^Hang up/ }).click();
  await expect(wrapUp(page)).toBeVisible();
  await page.keyboard.press("8");
  await expect(wrapUp(page).getByRole("radio", { name: /Left voicemail/ })).toBeChecked();
  await page.getByTestId("person").focus();
  await pressKey(page, "Shift+Enter");
  await expect(page.getByRole("heading", { name: "You are on a break" })).toBeVisible();
  const [attempt] = await ours<{ disposition: string; is_reached: boolean }>("select disposition, is_reached from queue.attempt where user_id = $1", [person.id]);
  expect(attempt).toEqual({ disposition: "left_voicemail", is_reached: false });
});

test("who signs between Call next and Call is not rung, and counts as saved", async ({ page, request }) => {
  const person = await offered(page);
  await expect(page.getByTestId("telephone-light")).toContainText("ready");
  await sign(person.id);
  await pressKey(page, "Alt+c");
  const over = page.getByTestId("call-over");
  await expect(over).toContainText("No call needed: signed in the meantime");
  await expect(over).toContainText("Call next offers you somebody else");
  await expect(page.getByTestId("notice")).toHaveCount(0);
  expect(await personLegs(request)).toEqual([]);
  // Nobody is left on a line that leads nowhere.
  await expect.poll(async () => (await agentLeg(request))?.status).toBe("completed");
  const [saved] = await ours<{ count: string }>("select count(*) from queue.decision where user_id = $1 and is_saved_call", [person.id]);
  expect(saved?.count).toBe("1");

  await pressKey(page, "Alt+n");
  expect((await personOnScreen(page)).id).not.toBe(person.id);
  await expect(over).toHaveCount(0);
});

test("a telephone that cannot connect rings nobody, and says so", async ({ page, request, context }) => {
  await context.addInitScript(() => {
    const devices = navigator.mediaDevices;
    const ask = devices?.getUserMedia.bind(devices);
    const refuse = () => new Promise<MediaStream>((_, reject) => setTimeout(() => reject(new DOMException("no", "NotAllowedError")), 50));
    if (ask) devices.getUserMedia = (wanted) => ("isTaken" in window ? refuse() : ask(wanted));
  });
  const person = await offered(page);
  await expect(page.getByTestId("telephone-light")).toContainText("ready");
  // The microphone is taken away after the check.
  await page.evaluate(() => Object.assign(window, { isTaken: true }));
  await pressKey(page, "Alt+c");
  await expect(page.getByTestId("call-over")).toContainText("was not rung");
  // Why is still said when the call is over.
  await expect(page.getByRole("alert").first()).toContainText("does not let this page use the microphone");
  expect(await personLegs(request)).toEqual([]);
  // The person stays, and can be called again.
  expect((await personOnScreen(page)).id).toBe(person.id);
  await expect(page.getByRole("button", { name: "Skip…" })).toBeVisible();
});

test("a microphone that gives nothing is told in words, and muting is not taken for it (lessons, line 23)", async ({ page, request, context }) => {
  await context.addInitScript(() => {
    const devices = navigator.mediaDevices;
    // A stream that is there and silent, as of a microphone whose switch is off.
    if (devices) devices.getUserMedia = () => Promise.resolve(new AudioContext().createMediaStreamDestination().stream);
  });
  await next(request, ...ANSWERS);
  await offered(page);
  await expect(page.getByTestId("telephone-light")).toContainText("ready");
  await pressKey(page, "Alt+c");
  await expect(state(page)).toContainText("Talking");
  const trouble = page.getByTestId("trouble");
  await expect(trouble).toContainText("They cannot hear you", { timeout: 7_000 });
  await expect(trouble).toHaveRole("alert");
  await expect(page.getByTestId("microphone-light")).toContainText("silent");
  // The other direction is not blamed.
  await expect.poll(() => counter(page, "packets-in")).toBeGreaterThan(100);

  await page.keyboard.press("Alt+m");
  await expect(page.getByTestId("microphone-light")).toContainText("muted");
  await expect(trouble).toHaveCount(0);
});

test("a talk of which nothing comes through is told in words within seconds, and no longer than that lasts (lessons, line 23)", async ({ page, request }) => {
  await next(request, ...ANSWERS);
  await offered(page);
  await pressKey(page, "Alt+c");
  await expect(state(page)).toContainText("Talking");
  await soundBothWays(page, request);
  await admin(request, "faults", { packet_loss: 1 });
  const trouble = page.getByTestId("trouble");
  await expect(trouble).toContainText("No sound reaches you: nothing has come through for 5 seconds", { timeout: 9_000 });
  await expect(trouble).toHaveRole("alert");
  await admin(request, "faults", { packet_loss: 0 });
  await expect(trouble).toHaveCount(0);
  await soundBothWays(page, request);
});

test("what is typed survives a reload in wrap-up, and so does the wrap-up", async ({ page, request }) => {
  await next(request, ...ANSWERS);
  const person = await offered(page);
  await pressKey(page, "Alt+c");
  await expect(state(page)).toContainText("Talking");
  const note = page.getByLabel(/^Note for this person/);
  await note.fill("At home; will sign");
  await expect(page.getByTestId("kept")).toContainText(/kept \d\d:\d\d:\d\d/);
  await page.getByRole("button", { name: /Hang up/ }).click();
  await expect(page.getByTestId("end-words")).toBeVisible();
  await note.pressSequentially(" tonight. 7 o'clock.");
  await expect(page.getByTestId("kept")).toContainText(/kept \d\d:\d\d:\d\d/);
  // Digits in a text field are text.
  await expect(wrapUp(page).getByRole("radio", { checked: true })).toHaveCount(0);

  await page.reload();
  await alive(page);
  await expect(page.getByRole("heading", { name: "What came of the call?" })).toBeVisible();
  expect((await personOnScreen(page)).id).toBe(person.id);
  await expect(note).toHaveValue("At home; will sign tonight. 7 o'clock.");

  // What is needed is asked for where it is missing, and nothing is lost.
  await wrapUp(page).getByText("Call me back").click();
  await pressKey(page, "Enter");
  const times = page.getByRole("group", { name: "Times" });
  await expect(times).toBeFocused();
  await expect(times).toHaveAccessibleDescription(/Choose when to call back/);
  await times.getByRole("button", { name: "Other…" }).click();
  await page.getByLabel("Day", { exact: true }).fill("24 November 2026");
  await page.getByLabel("Time", { exact: true }).fill("23:30");
  await expect(page.getByTestId("refused")).toContainText("Calls may not be made at that time");
  await page.getByLabel("Time", { exact: true }).fill("15:30");
  await expect(page.getByTestId("promised")).toHaveText("Call back on Tuesday 24 November, 15:30.");
  await page.getByRole("button", { name: "+30 s" }).click();
  await expect(state(page)).toContainText(/Wrap-up · 2 min/);
  await page.getByRole("button", { name: /Save and pause/ }).click();
  await expect(page.getByRole("heading", { name: "You are on a break" })).toBeVisible();
  const [kept] = await ours<{ notes: string }>("select notes from calls.call where user_id = $1 order by created_at desc limit 1", [person.id]);
  expect(kept?.notes).toBe("At home; will sign tonight. 7 o'clock.");
});

test("of two texts the newer one is kept, however long the older one takes", async ({ page, request }) => {
  await next(request, ...ANSWERS);
  const person = await offered(page);
  await pressKey(page, "Alt+c");
  await expect(state(page)).toContainText("Talking");
  let held: (() => void) | undefined;
  const sent: string[] = [];
  await page.route("**/api/calls/save_notes", async (route) => {
    sent.push((route.request().postDataJSON() as { notes: string }).notes);
    if (sent.length === 1) await new Promise<void>((resolve) => (held = resolve));
    await route.continue();
  });
  const note = page.getByLabel(/^Note for this person/);
  await note.fill("Rings back on Friday");
  await expect.poll(() => sent).toEqual(["Rings back on Friday"]);
  await note.fill("Never on a Friday");
  // The keys have been still for long, and the newer text waits for its turn.
  await timersFired(page, 2_000);
  expect(sent).toHaveLength(1);
  await expect(page.getByTestId("kept")).toContainText("keeping");
  held?.();
  await expect(page.getByTestId("kept")).toContainText(/kept \d\d:\d\d/);
  expect(sent).toEqual(["Rings back on Friday", "Never on a Friday"]);
  const [kept] = await ours<{ notes: string }>("select notes from calls.call where user_id = $1 order by created_at desc limit 1", [person.id]);
  expect(kept?.notes).toBe("Never on a Friday");
  await page.getByRole("button", { name: /Hang up/ }).click();
  await expect(page.getByTestId("end-words")).toBeVisible();
});

test("a telephone that has waited for longer than its token lives still calls (lessons, line 21)", async ({ page, request }) => {
  test.setTimeout(90_000);
  await next(request, ...ANSWERS);
  const tokens: number[] = [];
  page.on("response", async (answer) => {
    if (answer.url().endsWith("/api/calls/voice_token")) tokens.push(((await answer.json()) as { seconds: number }).seconds);
  });
  await offered(page);
  await expect(page.getByTestId("telephone-light")).toContainText("ready");
  await expect.poll(() => tokens.length).toBe(1);
  // Longer than the first one lives.
  const [life] = tokens;
  expect(life).toBeLessThanOrEqual(60);
  const ready = Date.now();
  await expect.poll(() => Date.now() - ready, { timeout: 70_000 }).toBeGreaterThan(((life ?? 0) + 1) * 1000);
  await expect.poll(() => tokens.length).toBeGreaterThan(1);
  await expect(page.getByTestId("telephone-light")).toContainText("ready");
  await pressKey(page, "Alt+c");
  await expect(state(page)).toContainText("Talking");
  await soundBothWays(page, request);
  await page.getByRole("button", { name: /Hang up/ }).click();
  await expect(page.getByTestId("end-words")).toHaveText("You hung up.");
});

test("a telephone whose token ran out, since nobody could be asked for another, is made anew and calls (lessons, line 21)", async ({ page, request }) => {
  test.setTimeout(120_000);
  // The browser reports requests that come to nothing, and the SDK that it was refused.
  expectErrors("net::ERR_FAILED", "WebSocket connection to", "AccessToken");
  await next(request, ...ANSWERS);
  let life = 0;
  page.on("response", async (answer) => {
    if (answer.url().endsWith("/api/calls/voice_token")) life = ((await answer.json()) as { seconds: number }).seconds;
  });
  await offered(page);
  await expect(page.getByTestId("telephone-light")).toContainText("ready");
  await expect.poll(() => life).toBeGreaterThan(0);
  // As on a computer that sleeps: the token is not replaced, and then the connection is made anew with it.
  await page.route("**/api/calls/voice_token", (route) => route.abort());
  const ready = Date.now();
  await expect.poll(() => Date.now() - ready, { timeout: 70_000 }).toBeGreaterThan((life + 1) * 1000);
  await admin(request, "faults", { drop_ws: true });
  await expect(page.getByTestId("telephone-light")).not.toContainText("ready", { timeout: 20_000 });
  await page.unroute("**/api/calls/voice_token");
  await pressKey(page, "Alt+c");
  await expect(state(page)).toContainText("Talking", { timeout: 20_000 });
  await soundBothWays(page, request);
  await page.getByRole("button", { name: /Hang up/ }).click();
  await expect(page.getByTestId("end-words")).toHaveText("You hung up.");
});

test("two windows have one note, and none of them empties it", async ({ page, context, request }) => {
  await next(request, ...ANSWERS);
  const person = await offered(page);
  await pressKey(page, "Alt+c");
  await expect(state(page)).toContainText("Talking");
  await page.getByRole("button", { name: /Hang up/ }).click();
  await expect(page.getByTestId("end-words")).toBeVisible();
  const other = await context.newPage();
  await other.goto("/");
  await expect(other.getByTestId("end-words")).toBeVisible();

  await page.getByLabel(/^Note for this person/).fill("Rings back on Friday");
  await expect(page.getByTestId("kept")).toContainText(/kept \d\d:\d\d/);
  await expect(other.getByLabel(/^Note for this person/)).toHaveValue("Rings back on Friday");
  await other.getByLabel(/^Note for this person/).fill("Rings back on Friday, after four");
  await expect(page.getByLabel(/^Note for this person/)).toHaveValue("Rings back on Friday, after four");

  // Where nothing was typed last, nothing is overwritten.
  await page.getByTestId("person").focus();
  await page.keyboard.press("2");
  await pressKey(page, "Shift+Enter");
  await expect(page.getByRole("heading", { name: "You are on a break" })).toBeVisible();
  await expect(other.getByTestId("call-over")).toContainText("recorded in another window");
  const [kept] = await ours<{ notes: string }>("select o.notes from calls.outcome o join calls.call c on c.id = o.call_id where c.user_id = $1", [person.id]);
  expect(kept?.notes).toBe("Rings back on Friday, after four");
});

test("what was not said in time can be said later, and nothing that was typed is lost", async ({ page, request }) => {
  await next(request, { busy: true });
  const person = await offered(page);
  await pressKey(page, "Alt+c");
  await expect(page.getByTestId("end-words")).toBeVisible();
  await page.getByLabel(/^Note for this person/).fill("Heard the tone twice");
  await expect(page.getByTestId("kept")).toContainText(/kept \d\d:\d\d/);
  await wrapUp(page).getByText("Call me back").click();
  const [day, time] = [page.getByLabel("Day", { exact: true }), page.getByLabel("Time", { exact: true })];
  // Why a time is refused is in sight, also on the smallest screen, and stays so when it is saved all the same.
  await page.getByRole("button", { name: "Other…" }).click();
  await day.fill("29 November");
  await time.fill("12:00");
  await expect(page.getByTestId("refused")).toContainText("Calls may not be made at that time");
  await page.getByTestId("person").focus();
  await pressKey(page, "Enter");
  const why = page.getByText("Choose when to call back.");
  await expect(why).toBeInViewport({ ratio: 1 });
  expect((await why.boundingBox())?.y).toBeLessThan((await dock(page).boundingBox())?.y ?? 0);
  // It stays there when the screen hears anew of the call.
  await page.getByLabel(/^Note for this person/).fill("Heard the tone twice, then nothing");
  await expect(page.getByTestId("kept")).toContainText(/keeping/);
  await expect(page.getByTestId("kept")).toContainText(/kept \d\d:\d\d/);
  const asked = page.waitForResponse((answer) => answer.url().endsWith("/api/calls/find"));
  await ours(`select pg_notify('dialler_hints', '["everything"]')`);
  await (await asked).finished();
  await painted(page);
  await expect(why).toBeInViewport({ ratio: 1 });
  await day.fill("25 November 2026");
  await expect(page.getByTestId("promised")).toContainText("Wednesday 25 November, 12:00");

  await ours("update calls.call set wrap_up_until = now() - interval '1 second' where closed_at is null");
  await expect(state(page)).toContainText("Not recorded yet", { timeout: 15_000 });
  await expect(page.getByRole("button", { name: /My status: Break/ })).toBeVisible();
  await expect(day).toHaveValue("25 November 2026");
  await expect(time).toHaveValue("12:00");
  await page.getByRole("button", { name: "Not now" }).click();
  await expect(page.getByRole("heading", { name: "You are on a break" })).toBeVisible();
  await expect(page.getByTestId("still-to-say").first()).toContainText(person.name);
  await expect(page.getByTestId("notice")).toHaveCount(0);

  await page.reload();
  await alive(page);
  await page.getByTestId("still-to-say").first().getByRole("button", { name: "Say it now" }).click();
  await expect(page.getByTestId("person")).toHaveText(person.name);
  await expect(page.getByLabel(/^Note for this person/)).toHaveValue("Heard the tone twice, then nothing");
  await page.keyboard.press("9");
  await pressKey(page, "Enter");
  await expect(page.getByTestId("toast")).toContainText("ext attempt");
  await expect(page.getByTestId("still-to-say").filter({ hasText: person.name })).toHaveCount(0);
  const said = await ours<{ disposition: string; notes: string }>(
    "select o.disposition, o.notes from calls.outcome o join calls.call c on c.id = o.call_id where c.user_id = $1",
    [person.id],
  );
  expect(said).toEqual([{ disposition: "busy", notes: "Heard the tone twice, then nothing" }]);
});

test("behind a switchboard the agent reads the extension, and sends it with one press", async ({ page, request }) => {
  await next(request, ...ANSWERS);
  const person = await offered(page);
  const [{ number }] = await ours<{ number: string }>("select number from queue.entry where user_id = $1", [person.id]);
  await setNumber(person.id, `${number} ext. 45`);
  await page.reload();
  await alive(page);
  await expect(page.getByRole("region", { name: "The person" })).toContainText(/0\d+ \d+ ext 45/);
  await expect(page.getByRole("region", { name: "Why this call" })).toContainText("ask for extension 45");
  await pressKey(page, "Alt+c");
  await expect(state(page)).toContainText("Talking");
  await expect(state(page)).toContainText("ext 45");
  expect((await personLegs(request)).map((leg) => leg.to)).toEqual([number]);

  await page.getByRole("button", { name: "Keypad" }).click();
  await page.getByRole("button", { name: "Send extension 45" }).click();
  await expect(page.getByTestId("sent")).toHaveText("45");
  await expect.poll(async () => (await agentLeg(request))?.media.digits).toBe("45");
});

test("the telephone, its keys and the clock of the wrap-up are on every page, with a way back to the person", async ({ page, request }) => {
  await next(request, ...ANSWERS);
  const person = await offered(page);
  const main = page.getByRole("navigation", { name: "Main" });
  const back = dock(page).getByRole("button", { name: `Back to ${person.name}` });
  // Whoever is not seen is not rung: neither by a click nor by the key, which shows them.
  await main.getByRole("link", { name: "Callbacks" }).click();
  await expect(dock(page)).toContainText(`With you: ${person.name}`);
  await expect(dock(page).getByRole("button", { name: /^Call/ })).toHaveCount(0);
  await pressKey(page, "Alt+c");
  await expect(page.getByTestId("person")).toHaveText(person.name);
  await expect(state(page)).toContainText(`With you: ${person.name}`);
  await pressKey(page, "Alt+c");
  await expect(state(page)).toContainText("Talking");
  // The timeline follows by itself, and why the call was made stays as it was.
  await expect(page.getByTestId("history")).toContainText("On the telephone now");
  await expect(page.getByTestId("why-then")).toContainText("None of 3 calls used today");
  await page.getByRole("checkbox", { name: "Identity checked" }).check();

  await main.getByRole("link", { name: "Users" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Users" })).toBeVisible();
  await expect(page.getByRole("button", { name: /My status: On call/ })).toBeVisible();
  await expect(page.getByTestId("telephone-light")).toContainText("ready");
  await expect(state(page)).toContainText("Talking");
  const before = await counter(page, "packets-out");
  await expect.poll(() => counter(page, "packets-out")).toBeGreaterThan(before);
  await page.keyboard.press("Alt+m");
  await expect(page.getByRole("button", { name: "Muted", exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Keypad" }).click();
  await page.keyboard.press("7");
  await expect.poll(async () => (await agentLeg(request))?.media.digits).toBe("7");
  await page.keyboard.press("Escape");

  // The console is as it was left.
  await back.click();
  await expect(page.getByRole("checkbox", { name: "Identity checked" })).toBeChecked();
  await main.getByRole("link", { name: "Users" }).click();
  await sign(person.id);
  await pressKey(page, "Alt+h");
  await page.keyboard.press("Alt+h");
  await expect(state(page)).toContainText(/Wrap-up · \d min \d\d s left/);
  // What is new about whoever was on the line is said here, too.
  await expect(page.getByTestId("changed")).toContainText(/ has signed\. /);
  await expect(dock(page).getByRole("button", { name: /^Save/ })).toHaveCount(0);
  await back.click();
  await expect(page.getByTestId("end-words")).toHaveText("You hung up.");
  await expect(page.getByTestId("history")).toContainText("Outcome still to be recorded");
  await expect(page.getByTestId("history")).not.toContainText("On the telephone now");
  await page.keyboard.press("1");
  // All that follows from it is in sight on the smallest screen, and the heading that has the focus has no ring round it.
  await expect(page.getByRole("region", { name: "What will happen" })).toBeInViewport({ ratio: 1 });
  await page.getByTestId("person").focus();
  expect(await page.getByTestId("person").evaluate((heading) => getComputedStyle(heading).outlineStyle)).toBe("none");
  await pressKey(page, "Shift+Enter");
  await expect(page.getByRole("heading", { name: "You are on a break" })).toBeVisible();
});

test("in a second window the telephone waits for a key or a click, before which no browser lets it make a sound", async ({ page, context }) => {
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  await expect(page.getByTestId("telephone-light")).toContainText("ready");
  const other = await context.newPage();
  // What the journey itself looks at counts as a touch, for the browser.
  await other.addInitScript(() => Object.defineProperty(navigator, "userActivation", { value: { hasBeenActive: false } }));
  const loaded: string[] = [];
  other.on("request", (asked) => loaded.push(new URL(asked.url()).pathname));
  await other.goto("/");
  await expect(other.getByRole("heading", { name: "Ready for the next call" })).toBeVisible();
  await expect(other.getByTestId("telephone-light")).toContainText("not in use");
  expect(loaded).not.toContain("/vendor/twilio.min.js");
  await other.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Callbacks" }).click();
  await expect(other.getByTestId("telephone-light")).toContainText("ready");
});

test("keys that are typed quickly all arrive in order, and sound goes both ways afterwards", async ({ page, request }) => {
  await next(request, ...ANSWERS);
  await offered(page);
  await pressKey(page, "Alt+c");
  await expect(state(page)).toContainText("Talking");
  await dock(page).getByRole("button", { name: /Keypad/ }).click();
  const keys = "1234567890*#665544332211";
  await page.keyboard.type(keys, { delay: 90 });
  await expect(page.getByTestId("sent")).toHaveText(keys);
  await expect.poll(async () => (await agentLeg(request))?.media.digits, { timeout: 15_000 }).toBe(keys);
  await soundBothWays(page, request);
});

test("who has muted themself is muted still when the page is loaded anew in the call", async ({ page, request }) => {
  await next(request, ...ANSWERS);
  await offered(page);
  await pressKey(page, "Alt+c");
  await expect(state(page)).toContainText("Talking");
  await page.keyboard.press("Alt+m");
  await expect(dock(page).getByRole("button", { name: "Muted" })).toBeVisible();
  await page.reload();
  await expect.poll(() => counter(page, "energy-in")).toBeGreaterThan(0);
  await expect(dock(page).getByRole("button", { name: "Muted" })).toBeVisible();
  await moreSound(async () => (await agentLeg(request))?.media.received, 1.5);
  expect((await agentLeg(request))?.media.received.recent_rms).toBeLessThan(SILENT);
  await page.keyboard.press("Alt+m");
  await soundBothWays(page, request);
});

test("two who make the telephone ready at the same moment share one line, and neither waits in vain", async ({ page, request }) => {
  await next(request, ...ANSWERS);
  await offered(page);
  await expect(page.getByTestId("telephone-light")).toContainText("ready");
  const took = await page.evaluate(async () => {
    const answer = await fetch("/api/calls/voice_token", { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
    const { token, local_carrier } = await answer.json();
    // @ts-expect-error: of the page's own script
    const { start } = window.dialler_telephone;
    return Promise.all([start(token, local_carrier), start(token, local_carrier)]);
  });
  expect(took.every((millis: number) => millis < 5_000)).toBe(true);
  await pressKey(page, "Alt+c");
  await expect(state(page)).toContainText("Talking");
  await soundBothWays(page, request);
});

test("a page that is loaded anew in a talk asks first, and is back on the line within three seconds, with sound both ways", async ({ page, request }) => {
  await next(request, ...ANSWERS);
  const person = await offered(page);
  await pressKey(page, "Alt+c");
  await expect(state(page)).toContainText("Talking");
  const first = (await agentLeg(request))?.sid;
  const asked = page.waitForEvent("dialog");
  const reloaded = page.reload({ waitUntil: "commit" });
  const dialog = await asked;
  expect(dialog.type()).toBe("beforeunload");
  await dialog.accept();
  await reloaded;
  const began = Date.now();

  // Both ways: what they say is heard here, and what is said here reaches them.
  await expect.poll(() => counter(page, "energy-in"), { intervals: [50] }).toBeGreaterThan(0);
  const took = Date.now() - began;
  test.info().annotations.push({ type: "back on the line", description: `${took} ms` });
  expect(took).toBeLessThan(3_000);
  await expect(state(page)).toContainText(/Talking · 00:\d\d/);
  expect((await personOnScreen(page)).id).toBe(person.id);
  const voiced = async () => (await personLegs(request))[0].media.sent.voiced;
  const before = await voiced();
  await expect.poll(voiced).toBeGreaterThan(before + 10);
  expect((await personLegs(request)).map((leg) => leg.status)).toEqual(["in-progress"]);
  expect((await agentLeg(request))?.sid).not.toBe(first);
  await expect.poll(async () => (await legs(request)).find((leg) => leg.sid === first)?.status).toBe("completed");

  await page.getByRole("button", { name: /^Hang up/ }).click();
  await expect(page.getByTestId("end-words")).toHaveText("You hung up.");
  await expect.poll(async () => (await personLegs(request)).map((leg) => leg.status)).toEqual(["completed"]);
});

test("a page that is closed in a talk leaves the person waiting for fifteen seconds, who then hears why", async ({ page, request, context }) => {
  await next(request, ...ANSWERS);
  await offered(page);
  await pressKey(page, "Alt+c");
  await expect(state(page)).toContainText("Talking");
  await page.close();

  await expect.poll(async () => (await personLegs(request))[0].status, { timeout: 30_000 }).toBe("completed");
  const journal = await (await request.get("/twilio/admin/journal?kind=rest")).text();
  expect(journal).toContain("We will ring you again");
  const after = await context.newPage();
  await after.goto("/");
  await expect(after.getByTestId("end-words")).toContainText("Your telephone was gone for 15 seconds");
  await expect(wrapUp(after)).toBeVisible();
});

test("another window takes the talk over, and the first one leaves it at that", async ({ page, request, context }) => {
  await next(request, ...ANSWERS);
  await offered(page);
  await pressKey(page, "Alt+c");
  await expect(state(page)).toContainText("Talking");
  const other = await context.newPage();
  await other.goto("/");
  await expect(state(other)).toContainText("You are on the line in another window");
  await other.getByRole("button", { name: "Talk here" }).click();

  await soundBothWays(other, request);
  await expect(state(page)).toContainText("You are on the line in another window");
  // The first one does not take it back.
  await settled(page);
  await moreSound(async () => (await agentLeg(request))?.media.received, 2);
  await expect(state(page)).toContainText("You are on the line in another window");
  await expect(dock(other).getByRole("button", { name: "Mute" })).toBeVisible();
  expect((await personLegs(request)).map((leg) => leg.status)).toEqual(["in-progress"]);
  await other.getByRole("button", { name: /^Hang up/ }).click();
  await expect(wrapUp(page)).toBeVisible();
});

test("somebody on hold hears music and nobody hears them, and both hear each other again afterwards", async ({ page, request }) => {
  await next(request, ...ANSWERS);
  await offered(page);
  await pressKey(page, "Alt+c");
  await expect(state(page)).toContainText("Talking");
  await expect.poll(() => counter(page, "energy-in")).toBeGreaterThan(0);
  await page.keyboard.press("Alt+o");

  await expect(state(page)).toContainText(/On hold · 00:0\d/);
  const hold = dock(page).getByRole("button", { name: "On hold" });
  await expect(hold).toHaveAttribute("aria-pressed", "true");
  // Nothing of them comes here any more, and they hear something that is not us.
  await page.getByRole("button", { name: "Mute" }).click();
  await expect(dock(page).getByRole("button", { name: "Muted" })).toBeVisible();
  const theirs = async () => (await agentLeg(request))?.media.sent;
  await moreSound(theirs, 1.5);
  const silent = await counter(page, "energy-in");
  await moreSound(theirs, 2);
  expect((await counter(page, "energy-in")) - silent).toBeLessThan(silent / 20);
  expect((await personLegs(request))[0].media.sent.recent_rms).toBeGreaterThan(LOUD);
  // And that is ours: the carrier has asked for it, and was given it.
  const journal = async (kind: string): Promise<{ detail: { url?: string; status?: number } }[]> => (await request.get(`/twilio/admin/journal?kind=${kind}`)).json();
  expect(await journal("problem")).toEqual([]);
  const asked = (await journal("webhook")).filter((entry) => entry.detail.url?.endsWith("/webhooks/twilio/hold"));
  expect(asked.map((entry) => entry.detail.status)).toEqual([200]);

  await hold.click();
  await expect(state(page)).toContainText("Talking");
  await dock(page).getByRole("button", { name: "Muted" }).click();
  const before = await counter(page, "energy-in");
  await expect.poll(() => counter(page, "energy-in")).toBeGreaterThan(before * 1.2);
  await page.getByRole("button", { name: /^Hang up/ }).click();
  await expect(wrapUp(page)).toBeVisible();
});

test("what was said is recorded, kept, and listened to by its agent, who can seek in it", async ({ page, request }) => {
  await next(request, ...ANSWERS);
  const person = await offered(page);
  await pressKey(page, "Alt+c");
  await expect(state(page)).toContainText(/Talking · 00:0[3-9]/, { timeout: 30_000 });
  await page.getByRole("button", { name: /^Hang up/ }).click();
  await page.keyboard.press("2");
  await pressKey(page, "Shift+Enter");
  const [call] = await ours<{ id: string }>("select id::text from calls.call where user_id = $1", [person.id]);
  const stored = async () => (await ours("select 1 from calls.recording where call_id = $1 and stored_at is not null", [call.id])).length;
  await expect.poll(stored, { timeout: 15_000 }).toBe(1);

  await page.goto(`/history?open=${call.id}`);
  const recording = page.getByTestId("recording");
  await expect(recording).toBeVisible();
  await recording.evaluate((audio: HTMLAudioElement) => audio.play());
  await expect.poll(() => recording.evaluate((audio: HTMLAudioElement) => audio.currentTime)).toBeGreaterThan(0.3);
  const length = await recording.evaluate((audio: HTMLAudioElement) => audio.duration);
  expect(length).toBeGreaterThan(2.5);
  await recording.evaluate((audio: HTMLAudioElement) => {
    audio.currentTime = 2;
  });
  await expect.poll(() => recording.evaluate((audio: HTMLAudioElement) => audio.currentTime)).toBeGreaterThan(2);
  const [access] = await ours<{ count: string }>("select count(*) from calls.recording_access a join calls.recording r on r.sid = a.sid where r.call_id = $1", [call.id]);
  expect(Number(access.count)).toBeGreaterThan(0);
});

test("a supervisor's call goes on while they look at the floor, and a reload there comes back to it", async ({ page, request }) => {
  await next(request, ...ANSWERS);
  await signIn(page, GARETH);
  const main = page.getByRole("navigation", { name: "Main" });
  await main.getByRole("link", { name: "Console" }).click();
  await setStatus(page, "Available");
  await pressKey(page, "Alt+n");
  await personOnScreen(page);
  await pressKey(page, "Alt+c");
  await expect(state(page)).toContainText("Talking");

  await main.getByRole("link", { name: "Floor" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Floor" })).toBeVisible();
  const sent = async () => (await personLegs(request))[0].media.sent.packets;
  const before = await sent();
  await expect.poll(sent).toBeGreaterThan(before);
  await expect(state(page)).toContainText("Talking");

  const asked = page.waitForEvent("dialog");
  const reloaded = page.reload();
  const dialog = await asked;
  expect(dialog.type()).toBe("beforeunload");
  await dialog.accept();
  await reloaded;
  await alive(page);
  await expect(page.getByRole("heading", { level: 1, name: "Floor" })).toBeVisible();
  await expect.poll(() => counter(page, "energy-in")).toBeGreaterThan(0);
  expect((await personLegs(request)).map((leg) => leg.status)).toEqual(["in-progress"]);
  await page.getByRole("button", { name: /^Hang up/ }).click();
  await expect.poll(async () => (await personLegs(request)).map((leg) => leg.status)).toEqual(["completed"]);
});
