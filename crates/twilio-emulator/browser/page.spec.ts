import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { type Emulator, expect, test as base } from "./support";

const ACCOUNT = "/twilio/2010-04-01/Accounts/AC00000000000000000000000000000001";
const headers = { Authorization: `Basic ${btoa("SK00000000000000000000000000000001:host-api-secret")}` };

type Seen = { connections: RTCPeerConnection[] };

const test = base.extend<{ desk: Page }>({
  desk: async ({ page, emulator }, use) => {
    expect(emulator).toBeTruthy();
    await page.addInitScript(() => {
      const seen = (window as unknown as Seen).connections = [] as RTCPeerConnection[];
      const Native = RTCPeerConnection;
      window.RTCPeerConnection = class extends Native {
        constructor(...args: ConstructorParameters<typeof RTCPeerConnection>) {
          super(...args);
          seen.push(this);
        }
      };
    });
    await page.goto("/twilio/emulator");
    await use(page);
    await page.request.delete("/twilio/admin/scenarios");
    // The fixture below this one leaves by the telephone's own page.
    await page.goto("/");
  },
});

/** What the browser itself counts of what it hears. */
const heard = (page: Page) =>
  page.evaluate(async () => {
    const sum = { packets: 0, energy: 0 };
    for (const connection of (window as unknown as Seen).connections)
      (await connection.getStats()).forEach((entry) => {
        if (entry.type !== "inbound-rtp") return;
        sum.packets += entry.packetsReceived;
        sum.energy += entry.totalAudioEnergy;
      });
    return sum;
  });

const call = async (page: Page, Twiml: string): Promise<string> => {
  const form = { To: "+447700900123", From: "+442079460000", Twiml };
  const answer = await page.request.post(`${ACCOUNT}/Calls.json`, { headers, form });
  expect(answer.status(), await answer.text()).toBe(201);
  return (await answer.json()).sid;
};

const leg = async (emulator: Emulator, sid: string) => (await emulator.legs()).find((leg) => leg.sid === sid)!;

test("a person answers a call, talks, presses keys and hangs up", async ({ desk, emulator }) => {
  await desk.getByLabel("Every call rings here").check();
  const sid = await call(desk, "<Response><Gather numDigits='2' timeout='60'><Say loop='50'>Hello</Say></Gather><Pause length='60'/></Response>");
  await desk.getByRole("button", { name: "Answer" }).click();
  await expect(desk.getByRole("button", { name: "Hang up" })).toBeVisible();
  await desk.waitForTimeout(4_000);

  const seen = await leg(emulator, sid);
  expect(seen.status).toBe("in-progress");
  expect(seen.media.received.voiced, "the microphone").toBeGreaterThan(50);
  expect(seen.media.sent.voiced).toBeGreaterThan(100);
  const { packets, energy } = await heard(desk);
  expect(packets).toBeGreaterThan(150);
  expect(energy).toBeGreaterThan(0.01);

  await desk.getByRole("button", { name: "4", exact: true }).click();
  await desk.getByRole("button", { name: "2", exact: true }).click();
  await expect.poll(async () => (await leg(emulator, sid)).media.digits).toBe("42");
  await expect.poll(async () => (await leg(emulator, sid)).media.sent.recent_rms, { message: "the keys were understood" }).toBeLessThan(50);
  await desk.getByRole("button", { name: "Hang up" }).click();
  await expect.poll(async () => (await leg(emulator, sid)).status).toBe("completed");
  await expect(desk.getByRole("button", { name: "Hang up" })).toBeHidden();
});

test("a person declines a call", async ({ desk, emulator }) => {
  await desk.getByLabel("Every call rings here").check();
  const sid = await call(desk, "<Response/>");
  await desk.getByRole("button", { name: "Decline" }).click();
  await expect.poll(async () => (await leg(emulator, sid)).status).toBe("busy");
  await expect(desk.getByText("Nobody rings.")).toBeVisible();
});

test("a person rings in and hears what the application says", async ({ desk, emulator }) => {
  await desk.getByRole("button", { name: "Ring", exact: true }).click();
  await expect(desk.getByRole("button", { name: "Hang up" })).toBeVisible();
  await expect.poll(async () => (await heard(desk)).energy, { timeout: 10_000 }).toBeGreaterThan(0.01);
  const [sid] = (await emulator.legs()).map((leg) => leg.sid);
  expect((await leg(emulator, sid!)).status).toBe("in-progress");
  await expect.poll(async () => (await leg(emulator, sid!)).media.received.voiced).toBeGreaterThan(50);
  await desk.getByRole("button", { name: "Hang up" }).click();
  await expect.poll(async () => (await leg(emulator, sid!)).status).toBe("completed");
});

test("a person writes and is answered", async ({ desk }) => {
  await desk.getByRole("textbox", { name: "Message" }).fill("Where is my money?");
  await desk.getByRole("button", { name: "Send" }).click();
  await expect(desk.getByRole("cell", { name: "Where is my money?" })).toBeVisible();
  await expect(desk.getByRole("cell", { name: "Thank you." })).toBeVisible();
  await expect(desk.getByRole("row", { name: /Thank you/ })).toContainText("delivered");
});

test("what the network refuses is said in words", async ({ desk }) => {
  await desk.locator("#write").getByLabel("To").fill("+442079460999");
  await desk.getByRole("textbox", { name: "Message" }).fill("x");
  await desk.getByRole("button", { name: "Send" }).click();
  await expect(desk.getByRole("alert")).toHaveText("to is none of the account's numbers");
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`the page can be read and used by everybody, ${colorScheme}`, async ({ desk }) => {
    await desk.emulateMedia({ colorScheme });
    await desk.getByLabel("Every call rings here").check();
    await call(desk, "<Response/>");
    await expect(desk.getByRole("button", { name: "Answer" })).toBeVisible();
    const { violations } = await new AxeBuilder({ page: desk }).analyze();
    expect(violations.map((violation) => `${violation.id}: ${violation.nodes[0]?.html}`)).toEqual([]);
  });
}
