import { type BrowserContext, expect, type Page, test } from "@playwright/test";
import { faults, overflow } from "./accessible";
import { addressOf, type Facts, PAGES, SAME } from "./pages";
import { asking, drawn, facts, SHOP, signIn, speaks } from "./people";
import { forbidden, watchesPolicy } from "./policy";

let known: Facts;

test.beforeAll(async ({ browser }) => {
  const page = await (await browser.newContext()).newPage();
  await signIn(page, SHOP);
  known = await facts(page);
  await page.context().close();
});

test.afterAll(async ({ request }) => speaks(request, "en"));

/** What still moves although the person asked for stillness. */
const moving = (page: Page) =>
  page.evaluate(() =>
    document
      .getAnimations()
      .filter((one) => Number(one.effect?.getTiming().duration ?? 0) > 1)
      .map((one) => (one.effect instanceof KeyframeEffect ? (one.effect.target?.outerHTML ?? "") : "")),
  );

for (const locale of ["en", "ru"] as const)
  test.describe(locale, () => {
    let signedIn: BrowserContext;
    let stranger: BrowserContext;
    test.beforeAll(async ({ browser, request }) => {
      await speaks(request, locale);
      const look = { locale, reducedMotion: "reduce", viewport: { width: 1440, height: 900 } } as const;
      signedIn = await browser.newContext(look);
      stranger = await browser.newContext(look);
      for (const one of [signedIn, stranger]) await watchesPolicy(one);
      await signIn(await signedIn.newPage());
      known.terminal = await asking(request); // a terminal waits for ten minutes only
    });
    test.afterAll(async () => {
      await signedIn.close();
      await stranger.close();
    });

    for (const one of PAGES)
      test(`${one.name}: axe finds nothing in light, in dark and on a phone, where nothing is cut off or moves`, async () => {
        const page = await (one.signedOut ? stranger : signedIn).newPage();
        await page.emulateMedia({ colorScheme: "light" });
        await page.goto(addressOf(one, known));
        await drawn(page);
        await expect(page.locator("html")).toHaveAttribute("lang", locale);
        expect(await faults(page)).toEqual([]);
        await page.emulateMedia({ colorScheme: "dark" });
        await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
        expect(await faults(page)).toEqual([]);
        await page.setViewportSize({ width: 360, height: 740 });
        await drawn(page);
        expect(await faults(page)).toEqual([]);
        expect(await overflow(page)).toBe(0);
        expect(await moving(page)).toEqual([]);
        expect(await forbidden(page)).toEqual([]);
        await page.close();
      });
  });

test("every second address of a page leads to it", async ({ page, request }) => {
  await speaks(request, "en");
  await signIn(page);
  const parts = known.job.split("/");
  for (const [route, name] of Object.entries(SAME)) {
    const meant = PAGES.find((one) => one.name === name)!;
    const address = route.replace(":org", "demo").replace(":project", "shop").replace(":job", parts.at(-1) ?? "").replace("*", "a/b");
    await page.goto(addressOf(meant, known));
    await drawn(page);
    const title = await page.title();
    await page.goto(address);
    await expect(page).toHaveTitle(title);
  }
});

async function speak(page: Page, language: string): Promise<void> {
  await page.getByRole("button", { name: /Язык|Language/ }).click();
  const saved = page.waitForResponse((answer) => answer.url().endsWith("/api/me") && answer.request().method() === "PATCH");
  await page.getByRole("menuitemradio", { name: language }).click();
  await saved;
}

test("Russian is taken from the browser, spoken everywhere, and follows the person", async ({ browser }) => {
  const russian = await browser.newContext({ locale: "ru-RU" });
  const page = await russian.newPage();
  await page.goto("/sign-in");
  await expect(page.getByRole("button", { name: "Войти", exact: true })).toBeVisible();
  await signIn(page, SHOP);
  await speak(page, "Русский");
  await expect(page.getByText("15 ревизий · 1 вершина · 1 слияние")).toBeVisible();
  for (const [address, text] of [
    ["/demo/projects", "Проекты"],
    ["/demo/projects/new", "Добавить проект"],
    [`${SHOP}?revision=27e6c0f8b9d4`, "Обновить Production до этой"],
    ["/demo/jobs", "Задания"],
    ["/demo/projects/shop/settings", "Окружения и базы"],
  ] as const) {
    await page.goto(address);
    await expect(page.getByRole("main").getByText(text).first()).toBeVisible();
  }
  await russian.close();

  const english = await browser.newContext({ locale: "en-US" });
  const other = await english.newPage();
  await signIn(other, SHOP);
  await expect(other.locator("html")).toHaveAttribute("lang", "ru");
  await speak(other, "English");
  await expect(other.getByText("15 revisions · 1 head · 1 merge")).toBeVisible();
  await english.close();
});

test("on a phone a move can be read and confirmed, and the menu opened", async ({ browser }) => {
  const context = await browser.newContext({ viewport: { width: 360, height: 740 }, hasTouch: true });
  const page = await context.newPage();
  await signIn(page, SHOP);
  await page.locator("[data-revision]", { hasText: "Allow refunds" }).click();
  const sheet = page.getByRole("dialog");
  await expect(sheet).toContainText("Allow refunds");
  await sheet.getByRole("button", { name: /Upgrade Production to here/ }).click();
  await expect(page.getByRole("dialog")).toContainText("Type Production to confirm");
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Open the menu" }).click();
  await page.getByRole("dialog").getByRole("link", { name: "Jobs" }).first().click();
  await expect(page).toHaveURL(/\/jobs/);
  await context.close();
});
