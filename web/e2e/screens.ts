/** Photographs of every page for docs/screens/: English in light, Russian in dark, a desk and a phone. */
import { fileURLToPath } from "node:url";
import { type Browser, expect, type Page, test } from "@playwright/test";
import { cell, drawn, move, SHOP, signIn } from "./people";

const FOLDER = fileURLToPath(new URL("../../docs/screens/", import.meta.url));
const HOME = process.env["STILLROOM_HOME"] ?? "/nowhere";
const LOOKS = [
  { name: "en-light", locale: "en-US", colorScheme: "light" },
  { name: "ru-dark", locale: "ru-RU", colorScheme: "dark" },
] as const;
const SIZES = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];

/** The sample in a state that shows something: staging in the middle, one job done, one failed. */
async function prepare(browser: Browser): Promise<string> {
  const page = await (await browser.newContext()).newPage();
  await signIn(page, SHOP);
  await expect(cell(page, "Create customers", "staging")).toBeVisible();
  await move(page, "downgrade", "staging", "5b90d2f7a6c4");
  await move(page, "upgrade", "staging", "d30b7c5e94a1");
  const job = new URL(page.url()).pathname;
  await page.context().close();
  return job;
}

async function shoot(page: Page, name: string): Promise<void> {
  await page.waitForLoadState("networkidle", { timeout: 3_000 }).catch(() => undefined);
  await drawn(page);
  await page.screenshot({ path: `${FOLDER}${name}.png` });
}

test("every page is photographed", async ({ browser }) => {
  test.setTimeout(300_000);
  const job = await prepare(browser);
  const pages: Record<string, string> = {
    projects: "/demo/projects",
    "project-new": "/demo/projects/new",
    migrations: SHOP,
    revision: `${SHOP}?revision=27e6c0f8b9d4&environment=staging`,
    move: `${SHOP}?move=upgrade&on=prod&to=head`,
    job,
    jobs: "/demo/jobs",
    settings: "/demo/projects/shop/settings",
    "settings-repository": "/demo/projects/shop/settings?section=repository",
    components: "/ui",
  };
  for (const { name, ...look } of LOOKS)
    for (const viewport of SIZES) {
      const context = await browser.newContext({ ...look, viewport, reducedMotion: "reduce" });
      const page = await context.newPage();
      await page.goto("/sign-in");
      await expect(page.locator("input[name=email]")).toBeVisible();
      await shoot(page, `sign-in-${name}-${viewport.width}`);
      await signIn(page);
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
      for (const [title, address] of Object.entries(pages)) {
        await page.goto(address);
        await shoot(page, `${title}-${name}-${viewport.width}`);
      }
      await context.close();
    }
});
