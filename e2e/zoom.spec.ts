// A window of 1280 pixels at 200 % zoom, and what may not lie over or cut what at 100 %.
import type { Locator } from "@playwright/test";

import { GARETH, HANNAH, elsewhere, expect, ours, personOnScreen, pressKey, setStatus, signIn, skip, test } from "./support";

const box = async (part: Locator) => {
  const found = await part.boundingBox();
  if (!found) throw new Error("it is not on the screen");
  return { ...found, right: found.x + found.width, bottom: found.y + found.height };
};

for (const height of [400, 360]) {
  test(`at 200 % zoom the note of a skip can be written and sent, ${height} pixels high`, async ({ page }) => {
    await page.setViewportSize({ width: 640, height });
    await signIn(page, HANNAH);
    await setStatus(page, "Available");
    await pressKey(page, "Alt+n");
    await personOnScreen(page);
    await page.getByRole("button", { name: "Skip…" }).click();
    const dialog = page.getByRole("dialog");
    const note = page.getByLabel(/^Note/);
    await expect(note).toBeInViewport({ ratio: 0.95 });

    await page.getByLabel("Other").check();
    const send = page.getByRole("button", { name: "Skip", exact: true });
    await send.click();
    for (const part of [note, page.getByText("Say in the note what the reason is.")]) {
      const [inner, outer] = [await box(part), await box(dialog)];
      expect(inner.y).toBeGreaterThanOrEqual(outer.y);
      expect(inner.bottom).toBeLessThanOrEqual(outer.bottom);
    }
    await note.fill("A wedding");
    await send.click();
    await expect(page.getByTestId("toast")).toContainText("can be offered again");
  });
}

test("on the smallest screen the claims are whole, with their solicitors", async ({ page }) => {
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  await pressKey(page, "Alt+n");
  await personOnScreen(page);
  await page.getByRole("checkbox", { name: "Identity checked" }).check();
  const claims = page.getByRole("region", { name: "Claims, scrolls sideways" });
  await expect(claims.getByRole("columnheader", { name: "Solicitor" })).toBeVisible();
  expect(await claims.evaluate((table) => table.scrollWidth <= table.clientWidth)).toBe(true);
});

test("at 200 % zoom the floor begins in the upper half", async ({ page }) => {
  await page.setViewportSize({ width: 640, height: 360 });
  await signIn(page, GARETH);
  await expect(page.getByText("open until")).toBeVisible();
  expect((await box(page.getByRole("main"))).y).toBeLessThan(180);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(640);
});

test("a message lies beside the saved calls of today, not over them", async ({ page }) => {
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  await pressKey(page, "Alt+n");
  await personOnScreen(page);
  await skip(page);
  const [message, saved] = [await box(page.getByRole("region", { name: "Message" })), await box(page.getByText("Saved calls today"))];
  expect(message.x).toBeGreaterThan(saved.right);
});

test("a long name is whole on the floor, and the bar of a queue is full", async ({ page, browser }) => {
  const name = "Maximiliana Featherstonehaugh-Cholmondeley of Hebden Bridge";
  const [before] = await ours<{ name: string }>("select name from auth.agent where email = $1", [HANNAH]);
  await ours("update auth.agent set name = $2 where email = $1", [HANNAH, name]);
  try {
    await signIn(page, HANNAH);
    const floor = await elsewhere(browser, GARETH);
    const cell = floor.getByRole("rowheader", { name });
    await expect(cell).toHaveAttribute("title", name);
    expect(await cell.evaluate((cell) => cell.scrollWidth <= cell.clientWidth)).toBe(true);
    const table = floor.getByRole("region", { name: "Agents, those who need you first" });
    expect(await table.evaluate((table) => table.scrollWidth <= table.clientWidth)).toBe(true);

    await setStatus(page, "Available");
    await pressKey(page, "Alt+n");
    await personOnScreen(page);
    const tile = floor.getByRole("region", { name: "Unsigned" });
    await expect(tile.getByRole("definition").nth(1)).toHaveText("1");
    const gap = await tile.locator("[aria-hidden=true] > span").evaluateAll((parts) => {
      const bar = parts[0]?.parentElement?.getBoundingClientRect();
      const boxes = parts.map((part) => part.getBoundingClientRect());
      return (bar?.width ?? 0) - boxes.reduce((sum, part) => sum + part.width, 0);
    });
    expect(Math.abs(gap)).toBeLessThan(0.5);
    await floor.close();
  } finally {
    await ours("update auth.agent set name = $2 where email = $1", [HANNAH, before?.name]);
  }
});
