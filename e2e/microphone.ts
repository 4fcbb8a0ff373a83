// What the browser's microphone hears: a voice, since a browser takes a tone for noise and removes it.
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const VOICE = join(__dirname, "../crates/twilio-emulator/prompts/chat.wav");
const RATE = 48_000;
const VOICE_RATE = 8_000;
// Chromium leaves a gap where it begins again.
const SECONDS = 60;

/** One byte of mu-law as a sample (ITU-T G.711). */
const sample = (byte: number): number => {
  const code = ~byte & 0xff;
  const magnitude = ((((code & 0x0f) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84;
  return code & 0x80 ? -magnitude : magnitude;
};

/** A WAV file as Chromium wants it; answers its absolute path. */
export const microphone = (): string => {
  const voice = readFileSync(VOICE);
  const start = voice.indexOf("data") + 8;
  const spoken = Int16Array.from(voice.subarray(start), sample);
  const samples = new Int16Array(RATE * SECONDS);
  for (let at = 0; at < samples.length; at += 1) {
    const position = ((at * VOICE_RATE) / RATE) % (spoken.length - 1);
    const [before, after] = [spoken[Math.floor(position)] ?? 0, spoken[Math.floor(position) + 1] ?? 0];
    samples[at] = before + (after - before) * (position % 1);
  }
  const header = Buffer.alloc(44);
  header.write("RIFF", 0);
  header.writeUInt32LE(36 + samples.byteLength, 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(RATE, 24);
  header.writeUInt32LE(RATE * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36);
  header.writeUInt32LE(samples.byteLength, 40);
  const file = join(mkdtempSync(join(tmpdir(), "microphone-")), "voice.wav");
  writeFileSync(file, Buffer.concat([header, Buffer.from(samples.buffer)]));
  return file;
};
