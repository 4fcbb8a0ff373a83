// The program comes in parts: the one that everybody needs, and those that are fetched with the pages that need them.
import type { Page } from "@playwright/test";

import { GARETH, HANNAH, alive, expect, expectErrors, signIn, test } from "./support";

const PART = /\/pkg\/[0-9a-f]{16}\/(split|chunk)_\w+\.wasm$/;

/** The files that a page asks for from now on, each once, under one name for all builds. */
const files = (page: Page) => {
  const found = new Set<string>();
  page.on("request", (request) => {
    const path = new URL(request.url()).pathname;
    const isFile = path.includes(".") || request.isNavigationRequest();
    if (isFile) found.add(request.isNavigationRequest() ? "/" : path.replace(/^\/pkg\/[0-9a-f]{16}\//, "/pkg/"));
  });
  return found;
};
const parts = (found: Set<string>) => [...found].filter((path) => /^\/pkg\/(split|chunk)_/.test(path));

const floor = (page: Page) => page.getByRole("heading", { level: 1, name: "Floor" });
const openFloor = (page: Page) => page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Floor" }).click();

/** A supervisor at the console, who has not been at the floor since the page was loaded. */
const supervisorAtTheConsole = async (page: Page) => {
  await signIn(page, GARETH);
  await expect(floor(page)).toBeVisible();
  await page.goto("/");
  await alive(page);
  await expect(page.getByRole("button", { name: /My status/ })).toBeVisible();
};

/** Something in the page's memory that loading it anew would take away. */
const leaveMark = (page: Page) => page.evaluate(() => Object.assign(window, { mark: true }));
const hasMark = (page: Page) => page.evaluate(() => "mark" in window);

test("an agent's first visit loads what the budget counts, and nothing of the floor", async ({ page }) => {
  const found = files(page);
  await signIn(page, HANNAH);
  await expect(page.getByRole("button", { name: /My status/ })).toBeVisible();
  await page.waitForLoadState("load");
  // What `scripts/compress.mjs` counts; the icon is the browser's own wish.
  found.delete("/favicon.svg");
  expect([...found].sort()).toEqual([
    "/",
    "/app.css",
    "/boot.js",
    "/fonts/inter-latin-wght-normal.woff2",
    "/pkg/__wasm_split.js",
    "/pkg/app.js",
    "/pkg/app_bg.wasm",
    "/theme.js",
  ]);
});

test("the floor is fetched when it is first opened, behind a skeleton, and then it is there", async ({ page }) => {
  await supervisorAtTheConsole(page);
  let letThrough = () => {};
  const isHeld = new Promise<void>((resolve) => (letThrough = resolve));
  await page.route(PART, async (route) => {
    await isHeld;
    await route.continue();
  });
  const found = files(page);
  await leaveMark(page);
  await openFloor(page);
  await expect(page.locator("#main").getByRole("status")).toHaveText("Loading");
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
  letThrough();
  await expect(floor(page)).toBeVisible();
  expect(parts(found)).toContain("/pkg/split_supervision.wasm");

  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Console" }).click();
  await expect(page.getByRole("button", { name: /My status/ })).toBeVisible();
  found.clear();
  await openFloor(page);
  await expect(floor(page)).toBeVisible();
  expect(parts(found)).toEqual([]);
  expect(await hasMark(page)).toBe(true);
});

test("a supervisor who loads the floor anew is at the floor", async ({ page }) => {
  await signIn(page, GARETH);
  await page.goto("/floor?state=break");
  await alive(page);
  await expect(floor(page)).toBeVisible();
  await expect(page.getByRole("link", { name: "Show all" })).toBeVisible();
});

test("a part that is gone because a newer version is in place is said, and trying again loads that version", async ({ page }) => {
  expectErrors("status of 404", "HTTP status code is not ok");
  await supervisorAtTheConsole(page);
  await page.route(PART, (route) => route.fulfill({ status: 404 }));
  await leaveMark(page);
  await openFloor(page);
  const alert = page.getByRole("alert");
  await expect(alert).toContainText("A newer version of the dialler seems to be in place");
  await expect(page).toHaveTitle(/Not fetched/);

  // The console is as it was.
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Console" }).click();
  await expect(page.getByRole("button", { name: /My status/ })).toBeVisible();
  await openFloor(page);

  await page.unroute(PART);
  await alert.getByRole("button", { name: "Try again" }).click();
  await expect(floor(page)).toBeVisible();
  expect(await hasMark(page)).toBe(false);
});

test("a part that does not come because the network is away is said, and trying again fetches it", async ({ page }) => {
  expectErrors("net::ERR_FAILED", "Failed to fetch");
  await supervisorAtTheConsole(page);
  const away = [PART, "**/api/health"];
  for (const path of away) await page.route(path, (route) => route.abort());
  await leaveMark(page);
  await openFloor(page);
  const alert = page.getByRole("alert");
  await expect(alert).toContainText("The server cannot be reached");

  // Nobody is sent to a page that the browser cannot load.
  await alert.getByRole("button", { name: "Try again" }).click();
  await expect(alert).toContainText("The server cannot be reached");
  expect(await hasMark(page)).toBe(true);

  for (const path of away) await page.unroute(path);
  await alert.getByRole("button", { name: "Try again" }).click();
  await expect(floor(page)).toBeVisible();
  expect(await hasMark(page)).toBe(true);
});
