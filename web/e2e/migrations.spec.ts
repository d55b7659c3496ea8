import { expect, test } from "@playwright/test";
import { holdTable } from "./hold";
import { cell, move, SHOP, signIn } from "./people";

const HEAD = "Find unpaid invoices quickly";
/** The last line of every job that moved something. */
const LAST = "Read the database again"; // as the downloaded text calls it

test("staging is upgraded, the job is watched to its end, and the page shows it applied", async ({ page }) => {
  await signIn(page, SHOP);
  await move(page, "downgrade", "staging", "5b90d2f7a6c4");
  await page.goto(SHOP);
  await expect(cell(page, HEAD, "staging")).toHaveAttribute("data-state", "pending");

  await page.getByRole("button", { name: "Upgrade Staging to head" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("list", { name: "Steps in order" }).getByRole("listitem")).toHaveCount(11);
  await dialog.getByRole("button", { name: "Upgrade · 11 revisions" }).click();

  await expect(page).toHaveURL(/\/jobs\//);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Upgrade Staging to head");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Succeeded", { timeout: 60_000 });
  await expect(page.getByText("Upgraded to 1b94e7d2c83f: 11 of 11 revisions applied.")).toBeVisible();
  await expect(page.getByRole("list", { name: "Steps" }).getByRole("listitem").filter({ hasText: HEAD })).toContainText("done");

  await page.getByRole("button", { name: "Find", exact: true }).click();
  await page.getByRole("textbox", { name: "Find" }).fill("create index concurrently");
  await page.getByRole("button", { name: "Next" }).click();
  await expect(page.locator("mark").first()).toBeVisible();

  await page.getByRole("complementary", { name: "Facts" }).getByRole("link", { name: "Migrations" }).click();
  await expect(cell(page, HEAD, "staging")).toHaveAttribute("data-state", "applied");
  await expect(cell(page, HEAD, "staging")).toContainText("HEAD");

  await page.getByRole("navigation").getByRole("link", { name: "Jobs" }).first().click();
  await expect(page).toHaveURL(/projects\/shop\/jobs$/);
  await expect(page.getByRole("main").getByText("Upgrade Staging to head").first()).toBeVisible();
  await page.goto(`${SHOP}/jobs/2`);
  await expect(page.getByRole("main")).toContainText("There is nothing here");
});

test("a revision is read and filtered by keyboard alone, and the address remembers it", async ({ page }) => {
  await signIn(page, SHOP);
  await expect(page.locator("[data-revision]").first()).toBeVisible();
  await page.keyboard.press("/");
  await page.keyboard.type("author:mira concurrently");
  await page.keyboard.press("Enter");
  await expect(page.locator("[data-revision]")).toHaveCount(1);
  await page.keyboard.press("j");
  await expect(page).toHaveURL(/revision=d30b7c5e/);
  await expect(page.getByRole("region", { name: "Revision d30b7c5e" })).toContainText("autocommit_block");
  await page.reload();
  await expect(page.getByRole("region", { name: "Revision d30b7c5e" })).toBeVisible();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
});

test("a protected environment asks for its name before anything can start", async ({ page }) => {
  await signIn(page, `${SHOP}?move=upgrade&on=prod&to=head`);
  const dialog = page.getByRole("dialog");
  const submit = dialog.getByRole("button", { name: /^Upgrade/ });
  await expect(dialog.getByRole("listitem").first()).toBeVisible();
  await expect(submit).toBeDisabled();
  await dialog.getByLabel("Type Production to confirm").fill("Prod");
  await expect(submit).toBeDisabled();
  await dialog.getByLabel("Type Production to confirm").fill("Production");
  await expect(submit).toBeEnabled();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(page).not.toHaveURL(/move=/);
});

test("an unknown target is refused in the dialog, with cause and fix", async ({ page }) => {
  await signIn(page, `${SHOP}?move=upgrade&on=dev&to=nosuchrevision`);
  await expect(page.getByRole("dialog").getByRole("alert")).toContainText("nosuchrevision");
  await expect(page.getByRole("dialog").getByRole("button", { name: "Upgrade" })).toBeDisabled();
});

test("two people watch one job and see the same lines, each once", async ({ page, browser }) => {
  await signIn(page, SHOP);
  await move(page, "downgrade", "staging", "5b90d2f7a6c4");
  await page.goto(`${SHOP}?move=upgrade&on=staging&to=head`);
  await page.getByRole("dialog").getByRole("button", { name: /^Upgrade · / }).click();
  await expect(page).toHaveURL(/\/jobs\//);
  const other = await (await browser.newContext()).newPage();
  await signIn(other, page.url());
  const text = async (who: typeof page) => {
    await expect(who.getByRole("heading", { level: 1 })).toContainText("Succeeded", { timeout: 60_000 });
    await expect(who.locator("[data-connection=ended]")).toBeVisible();
    const download = who.waitForEvent("download");
    await who.getByRole("button", { name: "Download the stream as text" }).click();
    const chunks: Buffer[] = [];
    for await (const chunk of await (await download).createReadStream()) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString();
  };
  // The last line is there for both, and no line twice.
  const [mine, theirs] = [await text(page), await text(other)];
  expect(theirs).toBe(mine);
  expect(mine).toContain(LAST);
  const numbers = [...mine.matchAll(/^ *(\d+) \d\d:\d\d\.\d{3} /gm)].map((match) => Number(match[1]));
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  await other.context().close();
});

test("a job's stream survives a broken connection, and goes on being followed", async ({ page, context }) => {
  await signIn(page, SHOP);
  await move(page, "downgrade", "staging", "5b90d2f7a6c4");
  // The job waits for this table: it is seen to run before the connection breaks, and it ends afterwards.
  const letGo = await holdTable("shop_staging", "customers");
  try {
    await page.goto(`${SHOP}?move=upgrade&on=staging&to=head`);
    await page.getByRole("dialog").getByRole("button", { name: /^Upgrade · / }).click();
    await expect(page).toHaveURL(/\/jobs\//);
    await expect(page.locator("[data-connection=live]")).toBeVisible();
    await expect(page.getByRole("log").locator("[data-index]").first()).toBeVisible();
    await context.setOffline(true);
    await expect(page.getByRole("status").filter({ hasText: "You are offline" })).toBeVisible();
  } finally {
    await letGo();
  }
  await context.setOffline(false);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Succeeded", { timeout: 60_000 });
  await expect(page.getByRole("log")).toContainText("Verify on the database");
});

test("a plan that somebody overtook is refused in place, and planned again", async ({ page }) => {
  await signIn(page, SHOP);
  await move(page, "downgrade", "staging", "5b90d2f7a6c4");
  await page.goto(`${SHOP}?move=upgrade&on=staging&to=head`);
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("button", { name: "Upgrade · 11 revisions" })).toBeEnabled();
  const colleague = await page.context().newPage();
  await move(colleague, "upgrade", "staging", "b81e64d9f035");

  await dialog.getByRole("button", { name: "Upgrade · 11 revisions" }).click();
  await expect(dialog.getByText("The plan no longer holds")).toBeVisible();
  await expect(dialog.getByText(/moved from 5b90d2f7a6c4 to/)).toBeVisible();
  await expect(dialog.getByRole("button", { name: "Upgrade · 11 revisions" })).toBeDisabled();

  await dialog.getByRole("button", { name: "Plan again" }).click();
  await dialog.getByRole("button", { name: "Upgrade · 10 revisions" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Succeeded", { timeout: 60_000 });
});
