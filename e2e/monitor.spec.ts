// A supervisor on an agent's call. Who hears whom is measured at the carrier: what each leg is sent, and how loud.
import type { APIRequestContext, Page } from "@playwright/test";

import { LOUD, SILENT, admin, dock, legs, type Leg } from "./carrier";
import { GARETH, HANNAH, elsewhere, expect, ours, personOnScreen, pressKey, setStatus, signIn, test } from "./support";

test.beforeEach(async ({ request }) => admin(request, "reset"));

test("a supervisor listens unheard, whispers to the agent alone, joins in, and all of it is on record", async ({ page, browser, request }) => {
  // Somebody who answers and says nothing, so that every sound is one of ours.
  await admin(request, "scenarios", { match: {}, times: 1, steps: [{ ring_ms: 500 }, { answer: true }] });
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  await pressKey(page, "Alt+n");
  await personOnScreen(page);
  await pressKey(page, "Alt+c");
  await expect(page.getByTestId("state")).toContainText("Talking");
  const [{ id, name }] = await ours<{ id: string; name: string }>("select id::text, name from auth.agent where email = $1", [HANNAH]);

  const heardBy = async (is: (leg: Leg) => boolean) => (await legs(request)).findLast(is)?.media.sent.recent_rms ?? NaN;
  const agentHears = () => heardBy((leg) => leg.from === `client:agent_${id}`);
  const personHears = () => heardBy((leg) => leg.to.startsWith("+"));

  const gareth = await elsewhere(browser, GARETH, { permissions: ["microphone"] });
  await gareth.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Floor" }).click();
  await gareth.getByRole("button", { name: `Listen to ${name}` }).click();
  const panel = gareth.getByTestId("monitor");
  await expect(panel).toContainText("Nobody hears you.");
  // What the agent says is heard by both.
  await expect.poll(personHears).toBeGreaterThan(LOUD);
  const energy = async () => Number(await panel.getAttribute("data-energy-in"));
  await expect.poll(energy).toBeGreaterThan(0);

  // With the agent muted, whatever is heard is the supervisor's: nothing.
  await dock(page).getByRole("button", { name: "Mute" }).click();
  await expect(dock(page).getByRole("button", { name: "Muted" })).toBeVisible();
  await expect.poll(personHears).toBeLessThan(SILENT);
  const supervisorSays = async () => (await legs(request)).findLast((leg) => leg.from.startsWith("client:") && leg.from !== `client:agent_${id}`)?.media.received;
  await expect.poll(async () => (await supervisorSays())?.recent_rms).toBeGreaterThan(LOUD);
  expect(await agentHears()).toBeLessThan(SILENT);
  expect(await personHears()).toBeLessThan(SILENT);

  await panel.getByRole("button", { name: "Whisper" }).click();
  await expect(panel).toContainText("The agent alone hears you.");
  await expect(page.getByTestId("joined")).toContainText("whispers to you: you alone hear them.");
  await expect.poll(agentHears).toBeGreaterThan(LOUD);
  expect(await personHears()).toBeLessThan(SILENT);
  // The agent's page is loaded anew, and with it their leg is another one: the whisper goes on.
  const agentsLeg = async () => (await legs(request)).findLast((leg) => leg.from === `client:agent_${id}`)?.sid;
  const before = await agentsLeg();
  await page.reload();
  await expect.poll(agentsLeg).not.toBe(before);
  await expect(dock(page).getByRole("button", { name: "Muted" })).toBeEnabled();
  await expect.poll(agentHears).toBeGreaterThan(LOUD);
  expect(await personHears()).toBeLessThan(SILENT);
  await expect(panel).toContainText("The agent alone hears you.");

  await panel.getByRole("button", { name: "Join in" }).click();
  await expect(panel).toContainText("Both hear you.");
  await expect(page.getByTestId("joined")).toContainText("has joined in: both of you hear them.");
  await expect.poll(personHears).toBeGreaterThan(LOUD);
  expect(await agentHears()).toBeGreaterThan(LOUD);

  await panel.getByRole("button", { name: "Listen", exact: true }).click();
  await expect(panel).toContainText("Nobody hears you.");
  await expect(page.getByTestId("joined")).toHaveCount(0);
  await expect.poll(personHears).toBeLessThan(SILENT);

  await panel.getByRole("button", { name: "Stop" }).click();
  await expect(panel).toHaveCount(0);
  await expect(page.getByTestId("state")).toContainText("Talking");
  const modes = await ours<{ mode: string }>(
    `select m.mode from calls.monitoring_mode m join calls.monitoring l on l.id = m.monitoring_id
     join calls.call c on c.id = l.call_id where c.agent_id = $1 order by m.id desc limit 4`,
    [id],
  );
  expect(modes.map((row) => row.mode)).toEqual(["listen", "barge", "whisper", "listen"]);
  await page.getByRole("button", { name: /^Hang up/ }).click();
  await expect(page.getByRole("heading", { name: "What came of the call?" })).toBeVisible();
  await gareth.context().close();
});

test("listening ends with the call", async ({ page, browser, request }) => {
  await admin(request, "scenarios", { match: {}, times: 1, steps: [{ ring_ms: 500 }, { answer: true }, { repeat: "chat" }] });
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  await pressKey(page, "Alt+n");
  await personOnScreen(page);
  await pressKey(page, "Alt+c");
  await expect(page.getByTestId("state")).toContainText("Talking");
  const gareth = await elsewhere(browser, GARETH, { permissions: ["microphone"] });
  await gareth.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Floor" }).click();
  await gareth.getByRole("button", { name: /^Listen to/ }).click();
  await expect(gareth.getByTestId("monitor")).toContainText("Nobody hears you.");
  await page.getByRole("button", { name: /^Hang up/ }).click();
  await expect(gareth.getByTestId("monitor")).toHaveCount(0);
  await expect.poll(async () => (await legs(request)).every((leg) => leg.status === "completed")).toBe(true);
  await gareth.context().close();
});
