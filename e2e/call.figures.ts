// How long a call takes to come about, from the agent's key, as the page and the carrier's journal have it: one machine, one clock.
import { HANNAH, expect, personOnScreen, pressKey, setStatus, signIn, test } from "./support";

const CALLS = 20;

type Entry = { at: string; detail: { method?: string; path?: string; url?: string; ms?: number; status?: number; params?: Record<string, string> } };

const row = (name: string, values: number[]) => {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (percent: number) => sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)]?.toFixed(0) ?? "–";
  return `| ${name} | ${sorted.length} | ${at(50)} ms | ${at(99)} ms | ${at(100)} ms |`;
};

test("from the key to the voice", async ({ page, request }) => {
  await request.post("/twilio/admin/reset", { data: {} });
  const steps = [{ ring_ms: 500 }, { answer: true }, { repeat: "chat" }];
  await request.post("/twilio/admin/scenarios", { data: { match: {}, times: CALLS, steps } });
  const journal = async (kind: string): Promise<Entry[]> => (await request.get(`/twilio/admin/journal?kind=${kind}`)).json();

  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  await pressKey(page, "Alt+n");
  await expect(page.getByTestId("telephone-light")).toContainText("ready");
  // When the agent pressed Call, and when the screen first said what.
  await page.evaluate(() => {
    const seen: Record<string, number[]> = { pressed: [], Ringing: [], Talking: [] };
    Object.assign(window, { seen });
    addEventListener("keydown", (event) => event.altKey && event.code === "KeyC" && seen.pressed?.push(Date.now()), true);
    let last = "";
    new MutationObserver(() => {
      const word = /^\w+/.exec(document.querySelector("[data-testid=state] p")?.textContent ?? "")?.[0] ?? "";
      if (word !== last) seen[word]?.push(Date.now());
      last = word;
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  for (let call = 0; call < CALLS; call += 1) {
    await personOnScreen(page);
    await expect(page.getByRole("button", { name: "Skip…" })).toBeVisible();
    await pressKey(page, "Alt+c");
    await expect(page.getByTestId("state")).toContainText("Talking", { timeout: 15_000 });
    await page.waitForTimeout(500);
    await pressKey(page, "Alt+h");
    await page.keyboard.press("Alt+h");
    await expect(page.getByTestId("end-words")).toBeVisible();
    await page.keyboard.press("2");
    await pressKey(page, "Enter");
  }
  await expect(page.getByRole("button", { name: "Skip…" })).toBeVisible();

  const seen = (await page.evaluate(() => (window as unknown as { seen: Record<string, number[]> }).seen)) as Record<string, number[]>;
  const [rest, webhooks] = [await journal("rest"), await journal("webhook")];
  // An entry is written when the answer is there.
  const sent = (entry: Entry) => Date.parse(entry.at) - (entry.detail.ms ?? 0);
  const joined = webhooks.filter(({ detail: { params } }) => params?.StatusCallbackEvent === "participant-join" && params.ParticipantLabel === "agent");
  const asked = rest.filter(({ detail }) => detail.method === "POST" && detail.path?.endsWith("/Participants.json"));
  const status = (word: string) => webhooks.filter(({ detail: { params } }) => params?.CallStatus === word && params.To?.startsWith("+"));
  const [ringing, answered] = [status("ringing"), status("in-progress")];
  const after = (ends: number[], begins: number[] | undefined) => {
    expect(ends.length).toBe(CALLS);
    expect(begins?.length).toBe(CALLS);
    return ends.map((end, at) => end - (begins?.[at] ?? 0));
  };
  const table = [
    "| | calls | p50 | p99 | max |",
    "|---|--:|--:|--:|--:|",
    row("from the key to the agent in the conference", after(joined.map(sent), seen.pressed)),
    row("from the key to the carrier's being asked to ring", after(asked.map((entry) => Date.parse(entry.at)), seen.pressed)),
    row("from the carrier's “ringing” to the screen", after(seen.Ringing ?? [], ringing.map(sent))),
    row("from the carrier's “answered” to the screen", after(seen.Talking ?? [], answered.map(sent))),
    row("a webhook, asked to answered", webhooks.map(({ detail }) => detail.ms ?? 0)),
  ];
  expect(webhooks.every(({ detail }) => (detail.status ?? 0) < 300)).toBe(true);
  console.log(`\n${table.join("\n")}\n`);
});
