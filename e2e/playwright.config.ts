import { defineConfig } from "@playwright/test";

import { chromium } from "../crates/twilio-emulator/browser/chromium";
import { ofWorker } from "./worker";

// scripts/e2e starts a server with databases of its own for each worker, and says where they are (./worker).
export default defineConfig({
  testDir: ".",
  outputDir: "results",
  workers: Number(process.env.WORKERS ?? 1),
  // For a machine that is much busier than usual. What fails once and then passes is listed as flaky at the end.
  retries: 1,
  forbidOnly: true,
  reporter: "list",
  // A machine that is twice as busy as usual needs twice as long; a journey about a deadline says its own.
  timeout: 60_000,
  expect: { timeout: 10_000 },
  use: {
    baseURL: ofWorker("BASE_URL"),
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    timezoneId: "Europe/London",
    permissions: ["microphone"],
    // TRACE=1 keeps one of what fails; to draw it takes as long as all the rest of a journey.
    trace: process.env.TRACE ? "retain-on-failure" : "off",
    launchOptions: chromium,
  },
});
