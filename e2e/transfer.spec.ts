// A talk is handed over to a supervisor, who is on the line before the agent leaves it. Who hears whom is measured at the carrier: what
// each leg is sent, and how loud; and in the browsers: packets and energy, both ways.
import type { APIRequestContext, Browser, Page } from "@playwright/test";

import { LOUD, SILENT, admin, dock, legs, type Leg } from "./carrier";
import { GARETH, HANNAH, alive, elsewhere, expect, ours, personOnScreen, pressKey, setStatus, signIn, test } from "./support";

const bar = (page: Page) => page.getByTestId("transfer");

/** Somebody who answers and says nothing, so that every sound is one of ours; and somebody who talks all the time. */
const QUIET = [{ ring_ms: 500 }, { answer: true }];
const CHATS = [...QUIET, { repeat: "chat" }];

const identity = async (email: string) => {
  const [{ id, name }] = await ours<{ id: string; name: string }>("select id::text, name from auth.agent where email = $1", [email]);
  return { id, name, client: `client:agent_${id}` };
};

/** Hannah talks; Gareth looks at the floor. */
const talk = async (page: Page, browser: Browser, request: APIRequestContext, steps: unknown[]) => {
  await admin(request, "scenarios", { match: {}, times: 1, steps });
  const gareth = await elsewhere(browser, GARETH, { permissions: ["microphone"] });
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  await pressKey(page, "Alt+n");
  const person = await personOnScreen(page);
  await pressKey(page, "Alt+c");
  await expect(page.getByTestId("state")).toContainText("Talking");
  const newest = async (is: (leg: Leg) => boolean) => (await legs(request)).findLast(is);
  const [hannah, garethIs] = [await identity(HANNAH), await identity(GARETH)];
  const hears = (is: (leg: Leg) => boolean) => async () => (await newest(is))?.media.sent.recent_rms ?? NaN;
  return {
    gareth,
    person,
    names: { hannah: hannah.name, gareth: garethIs.name },
    agentsLeg: () => newest((leg) => leg.from === hannah.client),
    agentHears: hears((leg) => leg.from === hannah.client),
    supervisorHears: hears((leg) => leg.from === garethIs.client),
    personHears: hears((leg) => leg.to.startsWith("+")),
    personsLeg: () => newest((leg) => leg.to.startsWith("+")),
  };
};

/** Asks, in the dialogue of the telephone bar. */
const ask = async (page: Page, whom: string, reason = "") => {
  await dock(page).getByRole("button", { name: "Transfer…" }).click();
  const dialog = page.getByRole("dialog", { name: "Hand this call over" });
  await dialog.getByLabel("Whom").selectOption(whom);
  if (reason) await dialog.getByLabel("Why").fill(reason);
  await dialog.getByRole("button", { name: "Ask" }).click();
  await expect(dialog).toHaveCount(0);
};

/** Sound goes both ways in this browser, by its own counters. */
const flows = async (page: Page, where: (page: Page) => ReturnType<typeof bar>, isLoud = true) => {
  for (const what of ["packets-in", "packets-out", "energy-out", ...(isLoud ? ["energy-in"] : [])]) {
    const count = async () => Number(await where(page).getAttribute(`data-${what}`));
    const before = await count();
    await expect.poll(count, what).toBeGreaterThan(before);
  }
};

test.beforeEach(async ({ request }) => admin(request, "reset"));

test("a supervisor joins, all three hear each other, and the call passes: the agent is free, and the supervisor records what came of it", async ({
  page,
  browser,
  request,
}) => {
  const { gareth, person, names, ...line } = await talk(page, browser, request, QUIET);
  await expect.poll(line.personHears).toBeGreaterThan(LOUD);
  await page.getByLabel(/^Note for this person/).fill("Wants to speak to a manager.");
  await ask(page, names.gareth, "They want a manager");
  await expect(bar(page)).toContainText(`Asking ${names.gareth} to take over`);
  await expect(dock(page).getByRole("button", { name: "Transfer…" })).toBeDisabled();

  // Told on the page where they are: who, about whom, why.
  await expect(bar(gareth)).toContainText(`${names.hannah} asks you to take over the call with ${person.name}`);
  await expect(bar(gareth)).toContainText("“They want a manager”");
  await bar(gareth).getByRole("button", { name: "Accept" }).click();
  await expect(bar(gareth)).toContainText("You are on the line with");
  await expect(bar(page)).toContainText(`${names.gareth} is on the line`);
  await flows(gareth, bar);

  // The person says nothing: what the supervisor hears is the agent; with the agent muted, what both others hear is the supervisor.
  await expect.poll(line.supervisorHears).toBeGreaterThan(LOUD);
  await dock(page).getByRole("button", { name: "Mute" }).click();
  await expect(dock(page).getByRole("button", { name: "Muted" })).toBeVisible();
  await expect.poll(line.supervisorHears).toBeLessThan(SILENT);
  await expect.poll(line.personHears).toBeGreaterThan(LOUD);
  await expect.poll(line.agentHears).toBeGreaterThan(LOUD);

  await bar(page).getByRole("button", { name: "Hand over" }).click();
  await expect(page.getByTestId("call-over")).toContainText(new RegExp(`Handed over to ${names.gareth} at \\d\\d:\\d\\d\\.`));
  await expect(page.getByRole("button", { name: /My status: Available/ })).toBeVisible();
  await expect(dock(page).getByRole("button", { name: /Call next/ })).toBeEnabled();
  await expect.poll(async () => (await line.agentsLeg())?.status).toBe("completed");
  await expect(bar(page)).toHaveCount(0);
  await expect(bar(gareth)).toHaveCount(0);

  // Theirs: on the floor's page the telephone is there, and the way to the person.
  await expect(gareth.getByTestId("state")).toContainText("Talking");
  await dock(gareth).getByRole("button", { name: `Back to ${person.name}` }).click();
  expect((await personOnScreen(gareth)).id).toBe(person.id);
  await expect(gareth.getByLabel(/^Note for this person/)).toHaveValue("Wants to speak to a manager.");
  await flows(gareth, dock, false);
  await expect.poll(line.personHears).toBeGreaterThan(LOUD);
  await dock(gareth).getByRole("button", { name: "Hold" }).click();
  await expect(gareth.getByTestId("state")).toContainText("On hold");
  await dock(gareth).getByRole("button", { name: "On hold" }).click();
  await expect(gareth.getByTestId("state")).toContainText("Talking");

  await dock(gareth).getByRole("button", { name: /^Hang up/ }).click();
  await expect(gareth.getByRole("heading", { name: "What came of the call?" })).toBeVisible();
  await expect.poll(async () => (await line.personsLeg())?.status).toBe("completed");
  await gareth.getByRole("heading", { name: "What came of the call?" }).click();
  await gareth.keyboard.press("5");
  await pressKey(gareth, "Enter");
  await expect(gareth.getByTestId("toast")).toContainText("ext attempt");
  const [outcome] = await ours<{ disposition: string; by: string }>(
    "select o.disposition, a.name as by from calls.outcome o join calls.call c on c.id = o.call_id join auth.agent a on a.id = o.recorded_by where c.user_id = $1",
    [person.id],
  );
  expect(outcome).toEqual({ disposition: "contacted", by: names.gareth });

  // On record, and on the screen.
  await gareth.goto(`/history?user=${person.id}`);
  await alive(gareth);
  await gareth.getByRole("link", { name: person.name }).first().click();
  await expect(gareth.getByTestId("transfers")).toContainText(`${names.hannah} to ${names.gareth}`);
  await expect(gareth.getByTestId("transfers")).toContainText("Handed over");
  await expect(gareth.getByTestId("legs")).toContainText("Former agent");
  await gareth.context().close();
});

test("a supervisor who takes the call hears the person and is heard, also after the page was loaded anew", async ({ page, browser, request }) => {
  test.slow();
  const { gareth, names, ...line } = await talk(page, browser, request, CHATS);
  await ask(page, "Any supervisor");
  await bar(gareth).getByRole("button", { name: "Accept" }).click();
  await bar(gareth).getByRole("button", { name: "Take the call" }).click();
  await expect(gareth.getByTestId("state")).toContainText("Talking");
  await expect(page.getByTestId("call-over")).toContainText(`Handed over to ${names.gareth}`);
  await expect.poll(async () => (await line.agentsLeg())?.status).toBe("completed");
  // The agent is gone: what the supervisor hears is the person.
  await flows(gareth, dock);
  await expect.poll(line.supervisorHears).toBeGreaterThan(LOUD);
  await expect.poll(line.personHears).toBeGreaterThan(LOUD);

  // Whoever is muted stays so.
  await dock(gareth).getByRole("button", { name: "Mute" }).click();
  await expect(dock(gareth).getByRole("button", { name: "Muted" })).toBeVisible();
  await expect.poll(line.personHears).toBeLessThan(SILENT);
  gareth.on("dialog", (dialog) => dialog.accept());
  await gareth.reload();
  await alive(gareth);
  await expect(gareth.getByTestId("state")).toContainText("Talking");
  await expect.poll(line.supervisorHears).toBeGreaterThan(LOUD);
  expect(await line.personHears()).toBeLessThan(SILENT);
  await dock(gareth).getByRole("button", { name: "Muted" }).click();
  await flows(gareth, dock);
  await expect.poll(line.personHears).toBeGreaterThan(LOUD);
  await dock(gareth).getByRole("button", { name: /^Hang up/ }).click();
  await expect(gareth.getByTestId("state")).toContainText("Wrap-up");

  // What came of it can be said later: with the form still there they listen to another call, and nothing takes them off the line.
  await ours("update calls.call set wrap_up_until = now() - interval '1 second' where closed_at is null");
  await expect(gareth.getByTestId("state")).toContainText("Not recorded yet", { timeout: 15_000 });
  await admin(request, "scenarios", { match: {}, times: 1, steps: CHATS });
  await pressKey(page, "Alt+n");
  await personOnScreen(page);
  await pressKey(page, "Alt+c");
  await expect(page.getByTestId("state")).toContainText("Talking", { timeout: 15_000 });
  await gareth.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Floor" }).click();
  await gareth.getByRole("button", { name: `Listen to ${names.hannah}` }).click();
  const panel = gareth.getByTestId("monitor");
  await expect(panel).toContainText("Nobody hears you.");
  await expect.poll(line.supervisorHears).toBeGreaterThan(LOUD);
  const asked = gareth.waitForResponse((answer) => answer.url().endsWith("/api/calls/find"));
  await ours(`select pg_notify('dialler_hints', '["everything"]')`);
  await asked;
  const energy = async () => Number(await panel.getAttribute("data-energy-in"));
  const before = await energy();
  await expect.poll(energy).toBeGreaterThan(before);
  await expect.poll(line.supervisorHears).toBeGreaterThan(LOUD);
  await gareth.context().close();
});

test("a supervisor declines, or leaves before the call is theirs, and the agent talks on", async ({ page, browser, request }) => {
  const { gareth, person, names, ...line } = await talk(page, browser, request, CHATS);
  await ask(page, names.gareth);
  await bar(gareth).getByRole("button", { name: "Decline" }).click();
  await expect(bar(gareth)).toHaveCount(0);
  await expect(bar(page)).toContainText(`${names.gareth} cannot take the call now`);
  await bar(page).getByRole("button", { name: "Close" }).click();
  await expect(bar(page)).toHaveCount(0);

  await ask(page, names.gareth);
  await bar(page).getByRole("button", { name: "Do not ask any more" }).click();
  await expect(bar(page)).toHaveCount(0);
  await expect(bar(gareth)).toHaveCount(0);

  await ask(page, names.gareth);
  await bar(gareth).getByRole("button", { name: "Accept" }).click();
  await expect(bar(page)).toContainText(`${names.gareth} is on the line`);
  await bar(gareth).getByRole("button", { name: "Leave" }).click();
  await expect(bar(gareth)).toHaveCount(0);
  await expect(bar(page)).toContainText(`${names.gareth} is off the line again`);
  await expect(bar(page)).toContainText(`${person.name} stays with you`);
  await expect(page.getByTestId("state")).toContainText("Talking");
  await flows(page, dock);
  await expect.poll(line.agentHears).toBeGreaterThan(LOUD);
  await expect.poll(line.personHears).toBeGreaterThan(LOUD);

  await dock(page).getByRole("button", { name: /^Hang up/ }).click();
  await expect(page.getByRole("heading", { name: "What came of the call?" })).toBeVisible();
  await gareth.context().close();
});
