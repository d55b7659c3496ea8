import { expect, test } from "@playwright/test";
import { drawn, signIn, SHOP } from "./people";
import { forbidden, watchesPolicy } from "./policy";

test.beforeEach(({ context }) => watchesPolicy(context));

test("menus and dialogs are drawn without a style that the policy forbids, and hold the page behind them still", async ({ page }) => {
  await signIn(page, SHOP);
  await drawn(page);
  const scrolls = () => page.evaluate(() => getComputedStyle(document.body).overflowY);
  const before = await scrolls();
  await page.getByRole("button", { name: "View" }).click();
  await expect(page.getByRole("menu")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("menu")).toBeHidden();
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("dialog")).toBeVisible();
  expect(await scrolls()).toBe("hidden");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  expect(await scrolls()).toBe(before);
  expect(await forbidden(page)).toEqual([]);
});

test("a script, a style and a frame that somebody got into a page do nothing", async ({ page }) => {
  await page.goto("/sign-in");
  await drawn(page);
  await page.evaluate(() => {
    const made = document.createElement("div");
    made.innerHTML = `<img src="/none" onerror="window.name='ran'"><p id="styled" style="color: rgb(1, 2, 3)">x</p>`;
    document.body.append(made);
    const script = document.createElement("script");
    script.text = "window.name = 'ran'";
    document.body.append(script);
    const frame = document.createElement("iframe");
    frame.src = "https://evil.example/";
    document.body.append(frame);
  });
  await expect.poll(() => forbidden(page)).toEqual(
    expect.arrayContaining([
      expect.stringContaining("script-src-attr"),
      expect.stringContaining("script-src-elem"),
      expect.stringContaining("style-src-attr"),
      expect.stringContaining("frame-src"),
    ]),
  );
  expect(await page.evaluate(() => window.name)).toBe("");
  expect(await page.locator("#styled").evaluate((one) => getComputedStyle(one).color)).not.toBe("rgb(1, 2, 3)");
});

test("the page of the API loads nothing from elsewhere, and nothing of it is forbidden", async ({ page, baseURL }) => {
  const elsewhere: string[] = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(baseURL ?? "") && !request.url().startsWith("data:")) elsewhere.push(request.url());
  });
  await page.goto("/docs");
  await page.getByPlaceholder("Filter by tag").fill("migrations");
  await expect(page.getByRole("heading", { name: "sessions" })).toHaveCount(0);
  await page.getByRole("heading", { name: "migrations" }).getByRole("button").click();
  await expect(page.getByText("/api/migrations/upgrade", { exact: true })).toBeVisible();
  expect(elsewhere).toEqual([]);
  expect(await forbidden(page)).toEqual([]);
});
