// Starts the application, and says so in words when it cannot go on. It stands apart from the application, because
// after a panic nothing in there can be relied on.
let reported = 0;

/** Sends what went wrong to the server's log and shows where to find it. */
async function report(message) {
  reported += 1;
  if (reported > 1) return; // What follows a failure is noise of the same failure.
  const strip = show();
  try {
    const response = await fetch("/api/browser_error", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ message: String(message).slice(0, 2000), page: location.pathname }),
    });
    const { reference } = await response.json();
    if (reference) strip.textContent = "Reference " + reference;
  } catch {
    strip.textContent = "The server could not be told.";
  }
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text) made.textContent = text;
  return made;
}

/** The strip over the page; answers the place of the reference. */
function show() {
  const strip = element(
    "div",
    "fixed inset-x-4 top-4 z-50 mx-auto flex max-w-2xl flex-wrap items-center gap-x-4 gap-y-2 rounded-field border border-error bg-base-100 p-4 shadow-lg",
  );
  strip.setAttribute("role", "alert");
  const words = element("div", "min-w-0 flex-1");
  words.append(
    element("p", "font-semibold", "Something went wrong on this page"),
    element("p", "mt-0.5 text-dense", "Whoever you hold is kept for you on the server. Please load the page again."),
  );
  const reference = element("p", "mt-1 text-xs text-muted", "");
  words.append(reference);
  const again = element("button", "btn btn-sm", "Load again");
  again.type = "button";
  again.addEventListener("click", () => location.reload());
  strip.append(words, again);
  document.body.append(strip);
  return reference;
}

addEventListener("dialler:failed", (event) => report(event.detail));
addEventListener("error", (event) => report(event.message));
addEventListener("unhandledrejection", (event) => report(event.reason));

// `scripts/build-app` writes the folder of this build here.
const PROGRAM = "/pkg/BUILD";

/** Loads the application, all that it consists of at once. */
async function start() {
  const program = fetch(`${PROGRAM}/app_bg.wasm`);
  const [{ default: init }] = await Promise.all([import(`${PROGRAM}/app.js`), import(`${PROGRAM}/__wasm_split.js`)]);
  await init({ module_or_path: program });
}

start().catch(report);
