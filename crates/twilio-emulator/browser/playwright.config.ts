import { join } from "node:path";
import { defineConfig } from "@playwright/test";
import { chromium } from "./chromium";

// Each worker has an emulator of its own. The example is built first, unless HOST_PROGRAM names it:
// npx playwright test -c crates/twilio-emulator/browser/playwright.config.ts
const program = process.env.HOST_PROGRAM ?? "cargo run -q -p twilio-emulator --example host --";
const ports = (process.env.HOST_PORTS ?? "7780").split(" ");
const port = ports[Number(process.env.TEST_PARALLEL_INDEX ?? 0)];
const root = join(__dirname, "../../..");

export default defineConfig({
  testDir: ".",
  outputDir: "results",
  workers: ports.length,
  retries: 0,
  timeout: 60_000,
  forbidOnly: true,
  reporter: "list",
  use: {
    baseURL: `http://localhost:${port}`,
    locale: "en-GB",
    permissions: ["microphone"],
    launchOptions: { ...chromium, args: [...chromium.args, "--autoplay-policy=no-user-gesture-required"] },
  },
  webServer: ports.map((port) => ({
    command: `${program} --port ${port} --pace 0.25`,
    cwd: root,
    url: `http://localhost:${port}/`,
    timeout: 600_000,
    reuseExistingServer: false,
  })),
});

