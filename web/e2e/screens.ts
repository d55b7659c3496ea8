/** Photographs of every page for docs/screens/: English in light, Russian in dark, a desk and a phone. */
import { fileURLToPath } from "node:url";
import { expect, type Page, test } from "@playwright/test";
import { addressOf, PAGES } from "./pages";
import { asking, drawn, facts, SHOP, signIn } from "./people";

const FOLDER = process.env["SCREENS_FOLDER"] ?? fileURLToPath(new URL("../../docs/screens/", import.meta.url));
// All, or those that are named: PAGES="settings rows".
const WANTED = (process.env["PAGES"] ?? "").split(" ").filter(Boolean);
const SHOWN = PAGES.filter((one) => WANTED.length === 0 || WANTED.includes(one.name));
const HOME = process.env["STILLROOM_HOME"] ?? "/nowhere";
const LOOKS = [
  { name: "en-light", locale: "en-US", colorScheme: "light" },
  { name: "ru-dark", locale: "ru-RU", colorScheme: "dark" },
] as const;
const SIZES = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];

async function shoot(page: Page, name: string): Promise<void> {
  await page.waitForLoadState("networkidle", { timeout: 3_000 }).catch(() => undefined);
  await drawn(page);
  await page.screenshot({ path: `${FOLDER}${name}.png` });
}

test("every page is photographed", async ({ browser }) => {
  expect(WANTED.filter((name) => !PAGES.some((one) => one.name === name))).toEqual([]);
  test.setTimeout(900_000);
  const first = await (await browser.newContext()).newPage();
  await signIn(first, SHOP);
  // In a state that shows something: staging in the middle, a job done.
  const known = await facts(first);
  await first.context().close();
  for (const { name, ...look } of LOOKS)
    for (const viewport of SIZES) {
      const context = await browser.newContext({ ...look, viewport, reducedMotion: "reduce" });
      const page = await context.newPage();
      for (const one of SHOWN.filter((one) => one.signedOut)) {
        await page.goto(addressOf(one, known));
        await shoot(page, `${one.name}-${name}-${viewport.width}`);
      }
      await signIn(page);
      known.terminal = await asking(page.request); // a terminal waits for ten minutes only
      // The person's stored language may be another than this photograph's.
      await page.evaluate((locale) => localStorage.setItem("stillroom.locale", locale), look.locale.slice(0, 2));
      await page.route("**/api/me", async (route) => {
        const answer = await route.fetch();
        const me = (await answer.json()) as Record<string, unknown>;
        await route.fulfill({ response: answer, json: { ...me, locale: look.locale.slice(0, 2), theme: "system" } });
      });
      // The stack lies in a temporary folder; a reader's lies where they cloned it.
      await page.route("**/api/orgs/**", async (route) => {
        const answer = await route.fetch();
        await route.fulfill({ response: answer, body: (await answer.text()).replaceAll(HOME, "/home/ann/stillroom/.stillroom") });
      });
      for (const one of SHOWN.filter((one) => !one.signedOut)) {
        await page.goto(addressOf(one, known));
        await shoot(page, `${one.name}-${name}-${viewport.width}`);
      }
      await context.close();
    }
});
