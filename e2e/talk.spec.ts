// While the agent talks: what is needed is in sight, and what the person does meanwhile is said.
import type { APIRequestContext, Page } from "@playwright/test";

import { admin, state } from "./carrier";
import { HANNAH, expect, personOnScreen, pressKey, setStatus, sign, signIn, test } from "./support";

const ANSWERS = [{ ring_ms: 800 }, { answer: true }, { repeat: "chat" }];
/** rules: said within 6 s of the replica having it; three times that. */
const SAID = { timeout: 18_000 };

test.beforeEach(async ({ request }) => admin(request, "reset"));

const talk = async (page: Page, request: APIRequestContext) => {
  await admin(request, "scenarios", { match: {}, times: 1, steps: ANSWERS });
  await signIn(page, HANNAH);
  await setStatus(page, "Available");
  await pressKey(page, "Alt+n");
  const person = await personOnScreen(page);
  await pressKey(page, "Alt+c");
  await expect(state(page)).toContainText("Talking");
  return person;
};

test("the screen says while they talk that the person has signed, and asks for it no more", async ({ page, request }) => {
  const person = await talk(page, request);
  const why = page.getByTestId("why-then");
  await expect(why).toContainText(/Why you called: .* has not signed yet\. All \d+ checks had passed\./);
  await page.getByLabel("Identity checked").check();
  const outstanding = page.getByRole("region", { name: /^Outstanding from/ });
  await expect(outstanding).toContainText("Signature");

  await sign(person.id);
  await expect(page.getByTestId("changed")).toContainText(/ has signed\. /, SAID);
  await expect(page.locator("#live-assertive")).toContainText(" has signed. ");
  await expect(outstanding).not.toContainText("Signature");
  await expect(page.getByLabel("Identity checked")).toBeChecked();
});

test.describe("on a small screen", () => {
  test.use({ viewport: { width: 1280, height: 720 } });

  test("identity and what is outstanding are in sight without scrolling", async ({ page, request }) => {
    await talk(page, request);
    const identity = page.getByLabel("Identity checked");
    await expect(identity).toBeInViewport({ ratio: 1 });
    await expect(page.getByTestId("compare")).toBeInViewport({ ratio: 1 });
    await identity.check();
    const outstanding = page.getByRole("region", { name: /^Outstanding from/ });
    await expect(outstanding.getByRole("heading")).toBeInViewport({ ratio: 1 });
    await expect(outstanding.getByRole("listitem").first()).toBeInViewport({ ratio: 1 });
  });
});
