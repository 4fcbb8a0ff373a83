// What the browser's microphone hears: made here, so that every run hears the same.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const RATE = 48_000;
// Longer than any test: Chromium leaves a gap where it begins again.
const SECONDS = 60;

/** A WAV file of a voice-like tone without a pause; the browser repeats it. Answers its absolute path. */
export const microphone = (): string => {
  const samples = new Int16Array(RATE * SECONDS);
  for (let at = 0; at < samples.length; at += 1) {
    const seconds = at / RATE;
    const syllables = 0.6 + 0.4 * Math.sin(2 * Math.PI * 4 * seconds);
    const voice = Math.sin(2 * Math.PI * 220 * seconds) + 0.5 * Math.sin(2 * Math.PI * 660 * seconds);
    samples[at] = Math.round(8_000 * syllables * voice);
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
  const file = join(mkdtempSync(join(tmpdir(), "microphone-")), "microphone.wav");
  writeFileSync(file, Buffer.concat([header, Buffer.from(samples.buffer)]));
  return file;
};
