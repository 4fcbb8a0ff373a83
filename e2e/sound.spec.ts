// What the agent speaks into and hears with, and how the connection is, in words. Devices are a desk of the journey's own where they come
// and go, and otherwise those that Chromium makes up.
import type { APIRequestContext, BrowserContext, Locator, Page } from "@playwright/test";

import { admin, agentLeg, dock, moreSound, soundBothWays, state } from "./carrier";
import { HANNAH, alive, expect, expectErrors, personOnScreen, pressKey, setStatus, signIn, test } from "./support";

/** What the page asked of the browser, and the desk's plugs. */
type Desk = { opened: string[]; sinks: string[]; plug: (name: string, isIn: boolean) => void };

const ANSWERS = [{ ring_ms: 500 }, { answer: true }, { repeat: "chat" }];
const agentHeard = async (request: APIRequestContext) => (await agentLeg(request))?.media.received;

const connection = (page: Page) => page.getByTestId("connection");
const microphoneLight = (page: Page) => page.getByTestId("microphone-light");
const telephoneLight = (page: Page) => page.getByTestId("telephone-light");
const sound = (page: Page) => page.getByRole("dialog", { name: "Sound" });
const litBars = (level: Locator) => level.locator("span.bg-success").count();

const ready = async (page: Page) => {
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  await expect(telephoneLight(page)).toContainText("ready");
};
const talk = async (page: Page, request: APIRequestContext) => {
  await admin(request, "scenarios", { match: {}, times: 1, steps: ANSWERS });
  await pressKey(page, "Alt+n");
  await personOnScreen(page);
  await pressKey(page, "Alt+c");
  await expect(state(page)).toContainText("Talking");
};
const hangUp = async (page: Page) => {
  await page.getByRole("button", { name: /^Hang up/ }).click();
  await expect(page.getByTestId("end-words")).toHaveText("You hung up.");
};
const openSound = async (page: Page) => {
  await microphoneLight(page).click();
  await expect(sound(page).getByLabel("Speak into")).toBeVisible();
};

/** A desk with a headset and the computer's own devices, under ids that are others after each load. Every microphone gives Chromium's voice;
 *  the one in `busy` belongs to another program. */
const desk = (context: BrowserContext, busy = "") =>
  context.addInitScript((busy) => {
    const media = navigator.mediaDevices;
    if (!media) return;
    const load = Math.random().toString(36).slice(2);
    const plugged = new Set(["Built-in", "Headset"]);
    const opened: string[] = [];
    const sinks: string[] = [];
    const device = (kind: string, deviceId: string, label: string) => ({ kind, deviceId, label, groupId: label }) as MediaDeviceInfo;
    media.enumerateDevices = () => {
      const one = (kind: string) => [device(kind, "default", "Default"), ...[...plugged].map((name) => device(kind, `${name} ${kind} ${load}`, name))];
      return Promise.resolve(["audioinput", "audiooutput"].flatMap(one));
    };
    const ask = media.getUserMedia.bind(media);
    media.getUserMedia = async (wanted) => {
      const { deviceId } = Object(wanted?.audio) as { deviceId?: { exact: string } };
      const id = deviceId?.exact ?? "default";
      if (busy && id.startsWith(busy)) throw new DOMException("another program has it", "NotReadableError");
      opened.push(id);
      return ask({ audio: true });
    };
    HTMLMediaElement.prototype.setSinkId = (id) => {
      sinks.push(id);
      return Promise.resolve();
    };
    const plug = (name: string, isIn: boolean) => {
      if (isIn) plugged.add(name);
      else plugged.delete(name);
      media.dispatchEvent(new Event("devicechange"));
    };
    Object.assign(window, { desk: { opened, sinks, plug } satisfies Desk });
  }, busy);
const ofDesk = <Name extends "opened" | "sinks">(page: Page, name: Name) => page.evaluate((name) => (window as unknown as { desk: Desk }).desk[name], name);
const last = async (page: Page, name: "opened" | "sinks") => (await ofDesk(page, name)).at(-1) ?? "";
const plug = (page: Page, name: string, isIn: boolean) =>
  page.evaluate(([name, isIn]) => (window as unknown as { desk: Desk }).desk.plug(name as string, isIn as boolean), [name, isIn] as const);

test.beforeEach(async ({ request }) => admin(request, "reset"));

test("devices are chosen by name at any time, kept by name, and taken up again under another id", async ({ page, context, request }) => {
  test.setTimeout(60_000);
  await desk(context);
  await ready(page);
  await openSound(page);
  const microphone = sound(page).getByLabel("Speak into");
  await expect(microphone.getByRole("option")).toHaveText(["System default", "Built-in", "Headset"]);
  await expect(microphone).toHaveValue("");
  await expect.poll(() => litBars(sound(page).getByRole("img", { name: "Microphone level" }))).toBeGreaterThan(0);
  expect(await last(page, "opened")).toBe("default");

  await microphone.selectOption("Headset");
  await sound(page).getByLabel("Hear the person in").selectOption("Headset");
  await sound(page).getByLabel("Ring in").selectOption("Built-in");
  await expect.poll(() => last(page, "opened")).toMatch(/^Headset audioinput/);
  const before = await last(page, "opened");
  await expect.poll(() => litBars(sound(page).getByRole("img", { name: "Microphone level" }))).toBeGreaterThan(0);
  await page.keyboard.press("Escape");
  await expect(sound(page)).toHaveCount(0);
  await expect(microphoneLight(page)).toBeFocused();
  const kept = await page.evaluate(() => ["microphone", "speaker", "ringtone"].map((use) => localStorage.getItem(`dialler.${use}`)));
  expect(kept).toEqual(["Headset", "Headset", "Built-in"]);

  await page.reload();
  await alive(page);
  await setStatus(page, "Break");
  await setStatus(page, "Available");
  await expect(telephoneLight(page)).toContainText("ready");
  // Nothing listens to the microphone before there is a call.
  expect(await ofDesk(page, "opened")).toEqual([]);
  await talk(page, request);
  const opened = await ofDesk(page, "opened");
  expect(opened).toEqual([expect.stringMatching(/^Headset audioinput/)]);
  expect(opened[0]).not.toBe(before);
  await expect.poll(() => ofDesk(page, "sinks")).toContainEqual(expect.stringMatching(/^Headset audiooutput/));
  await expect.poll(async () => (await agentHeard(request))?.voiced ?? 0).toBeGreaterThan(10);
  await openSound(page);
  await expect(sound(page).getByLabel("Speak into")).toHaveValue("Headset");
  await expect(sound(page).getByLabel("Hear the person in")).toHaveValue("Headset");
  await expect(sound(page).getByLabel("Ring in")).toHaveValue("Built-in");

  // Back to the system's own, also in a call; the choice is forgotten.
  await sound(page).getByLabel("Speak into").selectOption("System default");
  await expect.poll(() => last(page, "opened")).toBe("default");
  expect(await page.evaluate(() => localStorage.getItem("dialler.microphone"))).toBeNull();
  await page.keyboard.press("Escape");
  await hangUp(page);
});

test("a microphone that is chosen in a call is the one that is heard, and mute stays mute", async ({ page, context, request }) => {
  test.setTimeout(60_000);
  // Which track the browser sends.
  await context.addInitScript(() => {
    const Native = window.RTCPeerConnection;
    window.RTCPeerConnection = class extends Native {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        Object.assign(window, { peer: this });
      }
    };
  });
  const sent = () => page.evaluate(() => (window as unknown as { peer: RTCPeerConnection }).peer.getSenders()[0]?.track?.label);
  await ready(page);
  await talk(page, request);
  await expect.poll(sent).toContain("Fake Default Audio Input");
  const heard = async () => (await agentHeard(request))?.recent_rms ?? 0;
  await expect.poll(heard).toBeGreaterThan(150);

  await openSound(page);
  const microphone = sound(page).getByLabel("Speak into");
  await expect(microphone.getByRole("option")).toHaveText(["System default", "Fake Audio Input 1", "Fake Audio Input 2"]);
  await microphone.selectOption("Fake Audio Input 2");
  await expect.poll(sent).toBe("Fake Audio Input 2");
  const before = (await agentHeard(request))?.voiced ?? 0;
  await expect.poll(async () => (await agentHeard(request))?.voiced ?? 0).toBeGreaterThan(before + 10);
  await expect.poll(heard).toBeGreaterThan(150);

  await page.keyboard.press("Alt+m");
  await expect(microphoneLight(page)).toContainText("muted");
  await expect.poll(heard).toBeLessThan(10);
  await microphone.selectOption("Fake Audio Input 1");
  await expect.poll(sent).toBe("Fake Audio Input 1");
  await moreSound(() => agentHeard(request), 1.5);
  expect(await heard()).toBeLessThan(10);
  await page.keyboard.press("Alt+m");
  await expect.poll(heard).toBeGreaterThan(150);
  await page.keyboard.press("Escape");
  await hangUp(page);
});

test("a headset that is pulled out in a call is said, the system's takes its place, and plugged in it is used again", async ({ page, context, request }) => {
  test.setTimeout(60_000);
  await desk(context);
  await ready(page);
  await openSound(page);
  await sound(page).getByLabel("Speak into").selectOption("Headset");
  await page.keyboard.press("Escape");
  await talk(page, request);
  await expect.poll(() => last(page, "opened")).toMatch(/^Headset/);
  await expect(connection(page)).toBeEmpty();

  await plug(page, "Headset", false);
  await expect(microphoneLight(page)).toContainText("not the chosen one");
  await expect(connection(page)).toHaveText("“Headset” is not plugged in: the system's microphone is used.");
  await expect(connection(page)).toHaveRole("status");
  await expect.poll(() => last(page, "opened")).toBe("default");
  const before = (await agentHeard(request))?.voiced ?? 0;
  await expect.poll(async () => (await agentHeard(request))?.voiced ?? 0).toBeGreaterThan(before + 10);
  await openSound(page);
  const microphone = sound(page).getByLabel("Speak into");
  await expect(microphone).toHaveValue("Headset");
  await expect(microphone.getByRole("option", { name: "Headset (not plugged in)" })).toHaveCount(1);
  await expect(sound(page).getByText("“Headset” is not plugged in")).toBeVisible();

  await plug(page, "Headset", true);
  await expect(sound(page).getByText("“Headset” is not plugged in")).toHaveCount(0);
  await expect(microphone.getByRole("option")).toHaveText(["System default", "Built-in", "Headset"]);
  await expect(microphone).toHaveValue("Headset");
  await expect.poll(() => last(page, "opened")).toMatch(/^Headset/);
  // The SDK takes the system's own whenever something is plugged in; that is not the last word.
  await moreSound(() => agentHeard(request), 1.5);
  await expect.poll(() => last(page, "opened")).toMatch(/^Headset/);
  await page.keyboard.press("Escape");
  await expect(microphoneLight(page)).toContainText("ready");
  await expect(connection(page)).toBeEmpty();
  await hangUp(page);
});

test("a microphone that another program holds is said, and the call is made with the system's", async ({ page, context, request }) => {
  await desk(context, "Headset");
  await ready(page);
  await openSound(page);
  await sound(page).getByLabel("Speak into").selectOption("Headset");
  await expect(sound(page).getByText("“Headset” could not be used: the system's microphone is used.")).toBeVisible();
  await expect.poll(() => litBars(sound(page).getByRole("img", { name: "Microphone level" }))).toBeGreaterThan(0);
  await page.keyboard.press("Escape");
  await talk(page, request);
  await expect(microphoneLight(page)).toContainText("not the chosen one");
  await expect.poll(async () => (await agentHeard(request))?.voiced ?? 0).toBeGreaterThan(10);
  await hangUp(page);
});

test("a browser that plays sound where it likes says where that is chosen", async ({ page, context }) => {
  await context.addInitScript(() => Reflect.deleteProperty(HTMLMediaElement.prototype, "setSinkId"));
  await ready(page);
  await openSound(page);
  await expect(sound(page)).toContainText("Choose which that is in the system's settings.");
  await expect(sound(page).getByRole("combobox")).toHaveCount(1);
});

test("the check plays back what the agent says, and nothing leaves the browser", async ({ page }) => {
  await ready(page);
  await telephoneLight(page).click();
  await expect(page.getByText("We can hear you")).toBeVisible();
  const echo = page.getByTestId("echo");
  await expect(echo).toContainText("They do not leave this browser");
  const uploads: string[] = [];
  page.on("request", (request) => {
    if ((request.postDataBuffer()?.length ?? 0) > 1_000) uploads.push(request.url());
  });
  await page.getByRole("button", { name: "Hear yourself" }).click();
  await expect(echo).toHaveText("Say something…");
  await expect(page.getByRole("button", { name: "Hear yourself" })).toHaveAttribute("aria-disabled", "true");
  await expect(echo).toHaveText("… now listen.", { timeout: 10_000 });
  await expect(echo).toContainText("So the person hears you.", { timeout: 10_000 });
  expect(uploads).toEqual([]);

  // Left in the middle, it is over; the next one begins anew.
  await page.getByRole("button", { name: "Hear yourself" }).click();
  await expect(echo).toHaveText("Say something…");
  await page.getByRole("button", { name: "Not now" }).click();
  await telephoneLight(page).click();
  await expect(echo).toContainText("They do not leave this browser");
  await page.getByRole("button", { name: "Not now" }).click();
});

test("an echo of nothing says that nothing was recorded", async ({ page, context }) => {
  await context.addInitScript(() => {
    const devices = navigator.mediaDevices;
    // A stream that is there and silent, as of a microphone whose switch is off.
    if (devices)
      devices.getUserMedia = () => {
        const context = new AudioContext();
        const silence = new ConstantSourceNode(context, { offset: 0 });
        const stream = context.createMediaStreamDestination();
        silence.connect(stream);
        silence.start();
        return Promise.resolve(stream.stream);
      };
  });
  await ready(page);
  await telephoneLight(page).click();
  await page.getByRole("button", { name: "Hear yourself" }).click();
  await expect(page.getByTestId("echo")).toContainText("Nothing was recorded", { timeout: 10_000 });
  await expect(page.getByText("We can hear you")).toHaveCount(0);
});

test("the bar shows how loud both sides are", async ({ page, request }) => {
  await ready(page);
  await expect(dock(page).getByRole("img")).toHaveCount(0);
  await talk(page, request);
  const mine = dock(page).getByRole("img", { name: "Microphone level" });
  const theirs = dock(page).getByRole("img", { name: "The person's level" });
  await expect.poll(() => litBars(mine)).toBeGreaterThan(0);
  await expect.poll(() => litBars(theirs)).toBeGreaterThan(0);
  // Each shows its own side.
  await page.keyboard.press("Alt+m");
  await expect.poll(() => litBars(mine)).toBe(0);
  await expect.poll(() => litBars(theirs)).toBeGreaterThan(0);
  expect(await litBars(mine)).toBe(0);
  await page.keyboard.press("Alt+m");
  await hangUp(page);
  await expect(dock(page).getByRole("img")).toHaveCount(0);
});

test("a slow network is said calmly for as long as it is slow", async ({ page, context, request }) => {
  test.setTimeout(60_000);
  // The SDK measures what the browser counts: a way there and back of 600 ms.
  await context.addInitScript(() => {
    const native = RTCPeerConnection.prototype.getStats;
    const measured = Object.assign(window, { samples: 0 });
    RTCPeerConnection.prototype.getStats = async function (this: RTCPeerConnection, ...of: []) {
      measured.samples += 1;
      const stats = await native.apply(this, of);
      if (!("isSlow" in window)) return stats;
      const changed = new Map<string, object>();
      stats.forEach((entry: Record<string, unknown>, id: string) => {
        changed.set(id, {
          ...entry,
          ...("roundTripTime" in entry && { roundTripTime: 0.6 }),
          ...("currentRoundTripTime" in entry && { currentRoundTripTime: 0.6 }),
        });
      });
      return changed as unknown as RTCStatsReport;
    };
  });
  await ready(page);
  await talk(page, request);
  // More samples than the SDK needs to complain.
  const samples = () => page.evaluate(() => (window as unknown as { samples: number }).samples);
  const before = await samples();
  await expect.poll(samples, { timeout: 30_000 }).toBeGreaterThan(before + 8);
  await expect(connection(page)).toBeEmpty();

  await page.evaluate(() => Object.assign(window, { isSlow: true }));
  await expect(connection(page)).toHaveText("The network is slow: they may hear you late.", { timeout: 15_000 });
  await expect(connection(page)).toHaveRole("status");
  await expect(state(page)).toContainText("Talking");
  // It is no alarm.
  await expect(page.getByRole("alert")).toHaveCount(0);
  await page.evaluate(() => Reflect.deleteProperty(window, "isSlow"));
  await expect(connection(page)).toBeEmpty({ timeout: 20_000 });
  await hangUp(page);
});

test("without a network the light and the bar say so and what to do, and afterwards everything is as before", async ({ page, context, request }) => {
  test.setTimeout(60_000);
  // The browser reports what it cannot fetch meanwhile.
  expectErrors("net::ERR_", "Failed to fetch");
  await ready(page);
  await context.setOffline(true);
  await expect(telephoneLight(page)).toContainText("no network");
  await expect(telephoneLight(page)).toHaveAttribute("title", /Look at its cable or Wi-Fi/);
  await expect(connection(page)).toContainText("the telephone connects again by itself");
  await context.setOffline(false);
  await expect(telephoneLight(page)).toContainText("ready", { timeout: 15_000 });
  await expect(connection(page)).toBeEmpty();
  await expect(page.getByTestId("server-light")).toContainText("connected", { timeout: 15_000 });

  await talk(page, request);
  await page.evaluate(() => window.dispatchEvent(new Event("offline")));
  await expect(connection(page)).toContainText("the call goes on if it is soon back");
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
  await expect(connection(page)).toBeEmpty();
  await hangUp(page);
});

test("a connection that is lost in a call is said while it is made again, and the call goes on", async ({ page, request }) => {
  // The browser reports a socket that is refused.
  expectErrors("WebSocket connection to");
  await ready(page);
  await talk(page, request);
  await admin(request, "faults", { drop_ws: true, refuse_ws_ms: 2_000 });
  await expect(telephoneLight(page)).toContainText("reconnecting");
  await expect(connection(page)).toHaveText("The connection was lost and is being made again. Stay: they may hear you in a moment.");
  await expect(telephoneLight(page)).toContainText("ready", { timeout: 20_000 });
  await expect(connection(page)).toBeEmpty();
  await expect(state(page)).toContainText("Talking");
  await soundBothWays(page, request);
  await hangUp(page);
});
