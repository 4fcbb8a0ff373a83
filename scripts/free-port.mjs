// Ports on 127.0.0.1 that nothing listens on.
//   free-port.mjs --check PORT   exits 1 when PORT is taken
//   free-port.mjs [PORT…]        prints one free port for each: PORT itself if it is free, else
//                                (or for 0) another, below the range that outgoing
//                                connections take theirs from
import { createServer } from "node:net";

const chosen = new Set();

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

async function choose(wanted) {
  let port = wanted;
  while (!port || chosen.has(port) || !(await isFree(port))) {
    port = 16000 + Math.floor(Math.random() * 14000);
  }
  chosen.add(port);
  return port;
}

const [first, ...rest] = process.argv.slice(2);
if (first === "--check") {
  process.exit((await isFree(Number(rest[0]))) ? 0 : 1);
}
for (const wanted of [first ?? "0", ...rest]) {
  console.log(await choose(Number(wanted)));
}
