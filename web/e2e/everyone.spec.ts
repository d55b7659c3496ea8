import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";
import { drawn, move, SHOP, signIn } from "./people";

test.beforeAll(async ({ browser }) => {
  // A fresh stack has no job to look at.
  const page = await (await browser.newContext()).newPage();
  await signIn(page, SHOP);
  await move(page, "downgrade", "staging", "5b90d2f7a6c4");
  await move(page, "upgrade", "staging", "head");
  await page.context().close();
});

async function firstJob(page: Page): Promise<string> {
  await page.goto("/demo/jobs");
  const link = page.locator("[data-job] a").first();
  await expect(link).toBeVisible();
  return (await link.getAttribute("href")) ?? "";
}

const PAGES: [string, string][] = [
  ["projects", "/demo/projects"],
  ["add a project", "/demo/projects/new"],
  ["migrations", SHOP],
  ["a revision", `${SHOP}?revision=27e6c0f8b9d4&environment=prod`],
  ["a move", `${SHOP}?move=downgrade&on=prod&to=base`],
  ["settings", "/demo/projects/shop/settings"],
  ["repository", "/demo/projects/shop/settings?section=repository"],
  ["jobs", "/demo/jobs"],
  ["components", "/ui"],
];

for (const theme of ["light", "dark"] as const)
  test(`axe finds nothing on any page, ${theme}`, async ({ browser }) => {
    test.setTimeout(180_000);
    const context = await browser.newContext({ colorScheme: theme, reducedMotion: "reduce" });
    const page = await context.newPage();
    const check = async (name: string) => {
      const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]).analyze();
      expect(violations.map(({ id, nodes }) => `${name}: ${id}: ${nodes[0]?.html ?? ""}: ${nodes[0]?.failureSummary ?? ""}`)).toEqual([]);
    };
    await page.goto("/sign-in");
    await expect(page.getByLabel("Email")).toBeVisible();
    await check("sign in");
    await signIn(page);
    for (const [name, address] of [...PAGES, ["a job", await firstJob(page)] as const]) {
      await page.goto(address);
      await drawn(page);
      await check(name);
    }
    await context.close();
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
  await expect(page.getByRole("button", { name: "Войти" })).toBeVisible();
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

test("on a phone nothing is cut off, and a move can be read and confirmed", async ({ browser }) => {
  const context = await browser.newContext({ viewport: { width: 360, height: 740 }, hasTouch: true });
  const page = await context.newPage();
  await signIn(page, SHOP);
  await expect(page.locator("[data-revision]").first()).toBeVisible();
  for (const address of ["/demo/projects", "/demo/projects/new", SHOP, "/demo/projects/shop/settings", "/demo/jobs", await firstJob(page)]) {
    await page.goto(address);
    await drawn(page);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect([address, overflow]).toEqual([address, 0]);
  }
  await page.goto(SHOP);
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
