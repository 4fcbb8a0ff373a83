// The browser of every journey: it talks to this machine only, and its microphone hears a voice.
import { microphone } from "./microphone";

export const chromium = {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  // Its time stays real where another is shown to the programs around it (scripts/dates).
  env: Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== "LD_PRELOAD")) as Record<string, string>,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    `--use-file-for-fake-audio-capture=${microphone()}`,
    // With no network but loopback, media would not flow without this.
    "--allow-loopback-in-peer-connection",
  ],
};
