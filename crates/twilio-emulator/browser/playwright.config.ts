import { join } from "node:path";
import { defineConfig } from "@playwright/test";
import { microphone } from "./microphone";

// The example is built first, unless HOST_PROGRAM names it: npx playwright test -c crates/twilio-emulator/browser/playwright.config.ts
const program = process.env.HOST_PROGRAM ?? "cargo run -q -p twilio-emulator --example host --";
const port = process.env.HOST_PORT ?? "7780";
const root = join(__dirname, "../../..");

export default defineConfig({
  testDir: ".",
  outputDir: "results",
  workers: 1,
  retries: 0,
  timeout: 60_000,
  forbidOnly: true,
  reporter: "list",
  use: {
    baseURL: `http://localhost:${port}`,
    locale: "en-GB",
    permissions: ["microphone"],
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        // The browser talks to this machine only.
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        `--use-file-for-fake-audio-capture=${microphone()}`,
        // With no network but loopback, media would not flow without this.
        "--allow-loopback-in-peer-connection",
        "--autoplay-policy=no-user-gesture-required",
      ],
    },
  },
  webServer: {
    command: `${program} --port ${port} --pace 0.25`,
    cwd: root,
    url: `http://localhost:${port}/`,
    timeout: 600_000,
    reuseExistingServer: false,
  },
});

