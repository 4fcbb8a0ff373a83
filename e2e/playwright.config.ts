import { defineConfig } from "@playwright/test";

import { chromium } from "../crates/twilio-emulator/browser/chromium";

// scripts/e2e starts the server and sets BASE_URL, DATABASE_URL and CLAIMS_SIM_DATABASE_URL.
export default defineConfig({
  testDir: ".",
  outputDir: "results",
  workers: 1,
  retries: 0,
  forbidOnly: true,
  reporter: "list",
  use: {
    baseURL: process.env.BASE_URL,
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    timezoneId: "Europe/London",
    permissions: ["microphone"],
    trace: "retain-on-failure",
    launchOptions: chromium,
  },
});
