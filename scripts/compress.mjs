// compress.mjs DIR BUDGET: writes .br and .gz next to every text and wasm file under DIR, and
// fails when what an agent's first visit loads is larger than BUDGET bytes.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { extname, join, relative } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const [dir, budget] = [process.argv[2], Number(process.argv[3])];
const compressed = new Set([".css", ".html", ".js", ".json", ".map", ".svg", ".txt", ".wasm", ".webmanifest", ".xml"]);
// Everything that is asked for between the sign-in page and the console's being ready: a journey compares it with what the
// browser asks for.
const program = /^pkg\/[0-9a-f]{16}\//;
const firstVisit = new Set([
  "index.html", "theme.js", "boot.js", "app.css", "favicon.svg", "fonts/inter-latin-wght-normal.woff2", "pkg/app.js", "pkg/__wasm_split.js", "pkg/app_bg.wasm",
]);
// What is fetched with a page that is opened later. More files than this are slower to fetch than to do without: see `fetched_pages!`.
const MOST_PARTS = 8;

let total = 0;
const parts = [];
for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const path = join(entry.parentPath ?? entry.path, entry.name);
  const name = relative(dir, path);
  let size = statSync(path).size; // a .woff2 is Brotli already
  if (compressed.has(extname(name))) {
    const text = readFileSync(path);
    const brotli = brotliCompressSync(text, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 11,
        [constants.BROTLI_PARAM_LGWIN]: 24,
        [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
      },
    });
    writeFileSync(`${path}.br`, brotli);
    writeFileSync(`${path}.gz`, gzipSync(text, { level: 9 }));
    size = brotli.length;
  }
  const plain = name.replace(program, "pkg/");
  if (firstVisit.delete(plain)) {
    total += size;
    console.log(`${String(size).padStart(8)}  ${plain}`);
  } else if (plain !== name) {
    parts.push(`${String(size).padStart(8)}  ${plain}`);
  }
}

if (firstVisit.size > 0) {
  console.error(`error: ${dir} has no ${[...firstVisit].join(", ")}`);
  process.exit(1);
}
console.log(`${String(total).padStart(8)}  bytes for an agent's first visit, of ${budget}`);
console.log(`beside it, when a page is opened that needs it:\n${parts.join("\n")}`);
if (total > budget) {
  console.error(`error: that is ${total - budget} bytes over the budget`);
  process.exit(1);
}
if (parts.length > MOST_PARTS) {
  console.error(`error: ${parts.length} parts; let more pages share one`);
  process.exit(1);
}
