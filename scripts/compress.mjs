// compress.mjs DIR BUDGET: writes .br and .gz next to every text and wasm file under DIR, and
// fails when what a first visit loads is larger than BUDGET bytes.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { extname, join, relative } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const [dir, budget] = [process.argv[2], Number(process.argv[3])];
const compressed = new Set([".css", ".html", ".js", ".json", ".map", ".svg", ".txt", ".wasm", ".webmanifest", ".xml"]);
const firstVisit = new Set(["index.html", "app.css", "pkg/app.js", "pkg/app_bg.wasm"]);

let total = 0;
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
  if (firstVisit.has(name) || extname(name) === ".woff2") {
    firstVisit.delete(name);
    total += size;
    console.log(`${String(size).padStart(8)}  ${name}`);
  }
}

if (firstVisit.size > 0) {
  console.error(`error: ${dir} has no ${[...firstVisit].join(", ")}`);
  process.exit(1);
}
console.log(`${String(total).padStart(8)}  bytes for a first visit, of ${budget}`);
if (total > budget) {
  console.error(`error: that is ${total - budget} bytes over the budget`);
  process.exit(1);
}
