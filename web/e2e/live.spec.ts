/** What changes by itself on open pages, whatever happens to the connection. */
import { expect, type Page, test } from "@playwright/test";
import { cell, SHOP, signIn } from "./people";
import { killApi, Storyteller } from "./storyteller";

/** Numbers of the lines that a page shows, as far as its window reaches. */
async function shown(page: Page): Promise<number[]> {
  const texts = await page.getByRole("log").locator("[data-index]").allInnerTexts();
  return texts.flatMap((text) => /line (\d+) of a long story/.exec(text)?.slice(1).map(Number) ?? []);
}

/** Every line from the first to the last, each once: in the text that the page would save. */
async function saved(page: Page): Promise<number[]> {
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download" }).click()]);
  const chunks: Buffer[] = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
  return [...Buffer.concat(chunks).toString().matchAll(/line\S* (\d+) of a long story/g)].map(([, number]) => Number(number));
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

test("two people watch one job; it outlives a restart of the api and an hour without network, and no line is lost or doubled", async ({ browser, page }) => {
  test.setTimeout(120_000);
  const story = await Storyteller.begin();
  const elsewhere = await browser.newContext();
  const other = await elsewhere.newPage();
  for (const one of [page, other]) {
    await signIn(one, `/jobs/${story.job}`);
    await expect(one.locator("[data-connection=live]")).toBeVisible();
  }
  await story.tell(50);
  for (const one of [page, other]) await expect.poll(async () => (await shown(one)).at(-1)).toBe(50);

  const api = killApi();
  await expect(page.getByRole("banner").getByText("Reconnecting…")).toBeVisible();
  await story.tell(50);
  await expect.poll(api.isBack, { timeout: 30_000 }).toBe(true);
  for (const one of [page, other]) await expect.poll(async () => (await shown(one)).at(-1), { timeout: 40_000 }).toBe(100);
  await expect(page.getByText("Reconnecting…")).toBeHidden();

  await elsewhere.setOffline(true);
  await story.tell(50);
  await expect.poll(async () => (await shown(page)).at(-1)).toBe(150);
  await expect(other.getByRole("banner").getByText("Reconnecting…")).toBeVisible();
  expect((await shown(other)).at(-1)).toBe(100);
  await elsewhere.setOffline(false);
  await expect.poll(async () => (await shown(other)).at(-1), { timeout: 30_000 }).toBe(150);

  await story.tell(10);
  await story.end();
  for (const one of [page, other]) {
    await expect(one.getByRole("heading", { level: 1 })).toContainText("Succeeded", { timeout: 30_000 });
    expect(await saved(one)).toEqual(numbers(160));
  }
  await elsewhere.close();
});

test("lists, badges and columns go live without a reload, and nobody asks at intervals", async ({ page }) => {
  test.setTimeout(120_000);
  await signIn(page, "/demo/jobs");
  const main = page.getByRole("main");
  await expect(main.getByRole("heading", { name: "Jobs" })).toBeVisible();
  const story = await Storyteller.begin();
  await story.tell(1);
  await story.end(); // ends with the notices of a worker
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  const token = await page.evaluate(async () => {
    const answer = await fetch("/api/auth/refresh", { method: "POST" });
    return ((await answer.json()) as { access_token: string }).access_token;
  });
  const started = await page.request.post("/api/migrations/check", {
    data: { project: "demo/shop", environment: "staging" },
    headers: { Authorization: `Bearer ${token}` },
  });
  expect(started.ok()).toBe(true);
  const { number } = (await started.json()) as { number: number };
  await expect(main.getByText(`#${number}`)).toBeVisible();
  await expect(main.locator("li, tr, a", { hasText: `#${number}` }).first()).toContainText(/Succeeded|Failed/, { timeout: 40_000 });

  // A new subscription has the page ask once more for what it may have missed: that is waited for.
  const told = page.waitForEvent("websocket").then((socket) =>
    socket.waitForEvent("framereceived", { predicate: ({ payload }) => /"changed".*"project:demo\/shop"|"project:demo\/shop".*"changed"/.test(payload.toString()) }),
  );
  await page.goto(SHOP);
  await expect(cell(page, "Find unpaid invoices quickly", "staging")).toBeVisible();
  await told;
  await page.waitForLoadState("networkidle");
  // Longer than any interval that there was. What a notice has the page ask may come late, but not in every such time.
  await expect(async () => {
    asked.length = 0;
    await page.waitForTimeout(6_000);
    expect(asked.filter((path) => path.startsWith("/api/") && !path.startsWith("/api/live"))).toEqual([]);
  }).toPass({ timeout: 30_000 });
});

test("a hundred thousand lines are found in, followed and left alone where somebody reads", async ({ page }) => {
  test.setTimeout(120_000);
  const story = await Storyteller.begin();
  await story.store(100_000);
  await signIn(page, `/jobs/${story.job}`);
  await story.tell(1);
  await expect.poll(async () => (await shown(page)).at(-1), { timeout: 60_000 }).toBe(100_001);
  const log = page.getByRole("log");
  // The colours of a terminal, not its codes.
  await expect(log.locator("[data-index]").last().locator("span", { hasText: /^line$/ }).last()).toHaveCSS("font-weight", /600|700/);
  expect(await log.innerText()).not.toContain("\u001b");

  await log.hover();
  await page.mouse.wheel(0, -4_000);
  await expect.poll(async () => (await shown(page)).at(-1)).toBeLessThan(100_001);
  const [before, top] = [await shown(page), await log.evaluate((element) => element.scrollTop)];
  await story.tell(500);
  await expect(page.getByRole("button", { name: "Follow" })).toBeVisible();
  await expect.poll(() => log.evaluate((element) => element.scrollHeight - element.scrollTop)).toBeGreaterThan(10_000);
  expect([(await shown(page))[0], await log.evaluate((element) => element.scrollTop)]).toEqual([before[0], top]);

  await page.getByRole("button", { name: "Find", exact: true }).click();
  const began = Date.now();
  await page.getByRole("textbox", { name: "Find" }).fill("line 54321 of");
  await expect(page.getByText("1/1")).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(log.locator("mark").first()).toBeVisible();
  expect(await shown(page)).toContain(54_321);
  expect(Date.now() - began).toBeLessThan(10_000);
  await page.keyboard.press("Escape");

  await page.getByRole("button", { name: "Follow" }).click();
  await expect.poll(async () => (await shown(page)).at(-1)).toBe(100_501);
  await story.end();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Succeeded");
});
