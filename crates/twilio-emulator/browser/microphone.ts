// What the browser's microphone hears: a voice, since a browser takes a tone for noise and removes it.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const VOICE = join(__dirname, "../prompts/chat.wav");
const FOLDER = join(__dirname, "../../../.dev");
const RATE = 48_000;
const VOICE_RATE = 8_000;
// Longer than any test: Chromium leaves a gap where it begins again.
const SECONDS = 60;

/** One byte of mu-law as a sample (ITU-T G.711). */
const sample = (byte: number): number => {
  const code = ~byte & 0xff;
  const magnitude = ((((code & 0x0f) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84;
  return code & 0x80 ? -magnitude : magnitude;
};

/** Sixteen-bit samples of one channel as a WAV file. */
const wav = (samples: Int16Array): Buffer => {
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
  return Buffer.concat([header, Buffer.from(samples.buffer)]);
};

/** A voice as Chromium wants its microphone's file; answers its absolute path. */
export const microphone = (): string => {
  const voice = readFileSync(VOICE);
  const spoken = Int16Array.from(voice.subarray(voice.indexOf("data") + 8), sample);
  const samples = new Int16Array(RATE * SECONDS);
  for (let at = 0; at < samples.length; at += 1) {
    const position = ((at * VOICE_RATE) / RATE) % (spoken.length - 1);
    const [before, after] = [spoken[Math.floor(position)] ?? 0, spoken[Math.floor(position) + 1] ?? 0];
    samples[at] = before + (after - before) * (position % 1);
  }
  const file = join(FOLDER, "voice.wav");
  // Every worker writes it anew, and another's browser may be reading it.
  const written = `${file}.${process.pid}`;
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(written, wav(samples));
  renameSync(written, file);
  return file;
};
