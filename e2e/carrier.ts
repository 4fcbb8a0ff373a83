// What journeys do at the made-up carrier, and what they see of the telephone.
import { type APIRequestContext, type Page, expect } from "@playwright/test";

/** What went one way over a leg; the energy is a root mean square of samples of 16 bits. */
type Flow = { packets: number; voiced: number; rms: number; recent_rms: number };
/** One leg: `received` is what the party says, `sent` what the party hears. */
export type Leg = { sid: string; from: string; to: string; status: string; media: { connected: boolean; received: Flow; sent: Flow; digits: string } };

/** Below it nobody is heard, and above it somebody is. */
export const SILENT = 30;
export const LOUD = 150;

/** Asks something of the carrier that only tests may. */
export const admin = async (request: APIRequestContext, path: string, data: unknown = {}) => {
  const answer = await request.post(`/twilio/admin/${path}`, { data });
  const words = await answer.text();
  expect(answer.ok(), `${path}: ${words}`).toBe(true);
  return words === "" ? {} : JSON.parse(words);
};

/** What the next person to be rung does. */
export const next = (request: APIRequestContext, ...steps: object[]) => admin(request, "scenarios", { match: {}, times: 1, steps });

export const legs = async (request: APIRequestContext): Promise<Leg[]> => (await request.get("/twilio/admin/calls")).json();

/** The agent's newest leg. */
export const agentLeg = async (request: APIRequestContext) => (await legs(request)).findLast((leg) => leg.from.startsWith("client:"));

/** From now on sound comes both ways: what the page hears, in the page, and what is said there, at the carrier (lessons, line 23). */
export const soundBothWays = async (page: Page, request: APIRequestContext) => {
  const [packets, energy] = [await counter(page, "packets-in"), await counter(page, "energy-in")];
  const said = async () => (await agentLeg(request))?.media.received;
  const before = (await said())?.packets ?? NaN;
  await expect.poll(() => counter(page, "packets-in")).toBeGreaterThan(packets + 50);
  await expect.poll(() => counter(page, "energy-in")).toBeGreaterThan(energy);
  await expect.poll(async () => (await said())?.packets).toBeGreaterThan(before + 50);
  await expect.poll(async () => (await said())?.recent_rms).toBeGreaterThan(LOUD);
};

/** So many more seconds of sound have gone over a leg, one way: fifty packets each, however busy the machine is. */
export const moreSound = async (flow: () => Promise<Flow | undefined>, seconds: number) => {
  const before = (await flow())?.packets ?? 0;
  await expect.poll(async () => (await flow())?.packets ?? 0, { timeout: 30_000 }).toBeGreaterThanOrEqual(before + seconds * 50);
};

/** The telephone's bar at the bottom, and the state of the call in words. */
export const dock = (page: Page) => page.getByRole("contentinfo", { name: "Telephone" });
export const state = (page: Page) => page.getByTestId("state");
/** A figure that the telephone's bar shows to tests: `packets-in` and so on. */
export const counter = async (page: Page, name: string) => Number(await dock(page).getAttribute(`data-${name}`));
