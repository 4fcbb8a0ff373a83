// Being there: what the page and the floor say when one side falls silent without a goodbye. The patience is three times what is promised.
import { GARETH, HANNAH, elsewhere, expect, expectStatus, expectErrors, needed, setStatus, signIn, test } from "./support";

/** rules, Presence: unreachable after 30 s. */
const UNREACHABLE = { timeout: 90_000 };
/** A beat comes every 10 s; within 10 s after one that is missed the page says so. */
const NO_CONNECTION = { timeout: 60_000 };

test("an agent whose page answers nothing is unreachable on the floor though its stream is open, and is there again when it answers", async ({ page, browser }) => {
  test.setTimeout(180_000);
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  const floor = await elsewhere(browser, GARETH);
  const row = floor.getByRole("row", { name: /Hannah Whitfield/ });
  await expect(row).toContainText("Available");

  // As when the network is gone one way: what the server sends is there to be heard, nothing comes back.
  expectErrors("net::ERR_FAILED");
  await page.route("**/api/**", (route) => route.abort());
  await expect(row).toContainText("Unreachable", UNREACHABLE);
  await page.unroute("**/api/**");
  await expect(row).toContainText("Available", UNREACHABLE);
  await floor.close();
});

test("a page whose server falls silent says that there is no connection, and finds back by itself", async ({ page }) => {
  test.setTimeout(180_000);
  // What waited for a connection to the database all the while is told so.
  expectStatus(503);
  await signIn(page, HANNAH);
  const light = page.getByTestId("server-light");
  await expect(light).toHaveText(/connected/);

  // The stream stays open: nobody has closed it, nothing comes.
  const server = Number(needed("SERVER_PID"));
  process.kill(server, "SIGSTOP");
  try {
    await expect(light).toHaveText(/no connection/, NO_CONNECTION);
  } finally {
    process.kill(server, "SIGCONT");
  }
  await expect(light).toHaveText(/connected/, NO_CONNECTION);
});

test("a page that is not seen answers as well", async ({ page, browser }) => {
  test.setTimeout(180_000);
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  const answered = () => page.waitForRequest((request) => request.url().endsWith("/api/auth/here"), UNREACHABLE);
  await answered();
  const inFront = await page.context().newPage();
  await inFront.bringToFront();
  await answered();
  const floor = await elsewhere(browser, GARETH);
  await expect(floor.getByRole("row", { name: /Hannah Whitfield/ })).toContainText("Available");
  await floor.close();
});
