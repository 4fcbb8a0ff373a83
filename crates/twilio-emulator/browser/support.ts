// What the tests share: a page with a telephone, and what the emulator says of it.
import { type APIRequestContext, type Page, expect, test as base } from "@playwright/test";

export { expect };

export type Flow = { packets: number; voiced: number; rms: number; recent_rms: number };
export type Leg = {
  sid: string;
  to: string;
  from: string;
  status: string;
  plan: string | null;
  answered_at: string | null;
  media: { connected: boolean; received: Flow; sent: Flow; digits: string };
};
export type Heard = { received: number; sent: number; level: number; energy: number; candidate: string | null };
type Entry = { kind: string; detail: Record<string, unknown> };

export class Emulator {
  constructor(private readonly request: APIRequestContext) {}

  async post(path: string, data: unknown = {}) {
    const answer = await this.request.post(`/twilio/admin/${path}`, { data });
    expect(answer.ok(), `${path}: ${await answer.text()}`).toBe(true);
  }

  async legs(): Promise<Leg[]> {
    return (await this.request.get("/twilio/admin/calls")).json();
  }

  async agent(): Promise<Leg> {
    return (await this.legs()).findLast((leg) => leg.from === "client:agent")!;
  }

  async customer(): Promise<Leg | undefined> {
    return (await this.legs()).findLast((leg) => leg.to.startsWith("+44"));
  }

  async journal(kind: string): Promise<Entry[]> {
    return (await this.request.get(`/twilio/admin/journal?kind=${kind}`)).json();
  }

  /** What the conference and the calls were said to do, as `event` or `call status`, in order. */
  async told(path: string): Promise<string[]> {
    const hooks: { path?: string; form: Record<string, string> }[] = await (await this.request.get("/hooks")).json();
    const forms = hooks.filter((hook) => hook.path === path).map((hook) => hook.form);
    return forms.map((form) => form.StatusCallbackEvent ?? `${form.To} ${form.CallStatus}`);
  }
}

export const test = base.extend<{ emulator: Emulator }>({
  emulator: async ({ request, page }, use) => {
    const emulator = new Emulator(request);
    await emulator.post("reset");
    await request.delete("/hooks");
    await page.goto("/");
    await use(emulator);
    await page.evaluate(() => phone.device?.destroy());
    await emulator.post("reset");
  },
});

declare global {
  // The page's own, in examples/host.html.
  const phone: { device: any; call: any; events: string[] };
  const makeDevice: (query?: string, options?: object) => Promise<unknown>;
  const dial: (params: Record<string, string>, options?: object) => Promise<unknown>;
  const heard: () => Promise<Heard | null>;
}

export const events = (page: Page) => page.evaluate(() => phone.events);
export const hears = (page: Page) => page.evaluate(() => heard());

/** The agent's telephone rings `number` and the agent is in. */
export const ring = async (page: Page, params: Record<string, string>, options: object = {}) => {
  await page.evaluate((options) => makeDevice("", options), options);
  await page.evaluate((params) => dial(params), params);
};

/** The agent and the number talk. */
export const talk = async (page: Page, emulator: Emulator, number = "+447700900001") => {
  await ring(page, { Number: number });
  await expect.poll(async () => (await emulator.customer())?.status, { timeout: 20_000 }).toBe("in-progress");
  await expect.poll(async () => (await hears(page))?.received ?? 0, { timeout: 10_000 }).toBeGreaterThan(20);
};
