/** Going on with a job that stopped where the rules of its environment stand in the way. */
import { expect, type Page, test } from "@playwright/test";
import { holdTable } from "./hold";
import { calling, move, SHOP, signIn } from "./people";

const PROJECT = "/api/orgs/demo/projects/shop";
const STAGING = `${PROJECT}/environments/staging`;
const BASE = "5b90d2f7a6c4";

test.afterAll(async ({ request }) => {
  const call = await calling(request);
  await call("PATCH", STAGING, { approvals_needed: 0, lock_timeout_ms: 3000 });
  const { items } = (await (await call("GET", `${PROJECT}/freezes`)).json()) as { items: { id: string }[] };
  for (const { id } of items) await call("DELETE", `${PROJECT}/freezes/${id}`);
});

/** An upgrade of staging that fails at a table that somebody else holds; the page shows its job. */
async function stopped(page: Page): Promise<void> {
  await signIn(page, SHOP);
  await move(page, "downgrade", "staging", BASE);
  const letGo = await holdTable("shop_staging", "customers");
  try {
    await page.goto(`${SHOP}?move=upgrade&on=staging&to=head`);
    await page.getByRole("dialog").getByRole("button", { name: /^Upgrade · / }).click();
    await expect(page).toHaveURL(/\/jobs\//);
    await expect(page.getByRole("heading", { level: 1 })).toContainText("Failed", { timeout: 60_000 });
  } finally {
    await letGo();
  }
}

test("a freeze and missing approvals are said before a job goes on, others are asked, or it goes on for a reason", async ({ page, request }) => {
  test.setTimeout(180_000);
  const call = await calling(request);
  await call("PATCH", STAGING, { lock_timeout_ms: 1000 });
  await stopped(page);
  const job = page.url();
  await call("PATCH", STAGING, { approvals_needed: 1 });
  const until = new Date(Date.now() + 3_600_000).toISOString();
  expect((await call("POST", `${PROJECT}/freezes`, { environment: "staging", ends_at: until, reason: "Stocktaking" })).ok()).toBe(true);

  await page.getByRole("button", { name: "Resume from where it stopped" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText("Frozen: nothing is changed here now")).toBeVisible();
  await expect(dialog.getByText("Stocktaking")).toBeVisible();
  await expect(dialog.getByText("1 other person must approve this before it starts.")).toBeVisible();
  await dialog.getByLabel("For those who are asked").fill("The table is free again");
  await dialog.getByRole("button", { name: "Ask for approval" }).click();
  await expect(page).toHaveURL(/\/demo\/approvals\//);
  await expect(page.getByText("The table is free again").first()).toBeVisible();
  await page.getByRole("button", { name: "Withdraw" }).first().click();

  await page.goto(`${job}?ask=resume`);
  await dialog.getByLabel("Start it without that, for a reason").check();
  const go = dialog.getByRole("button", { name: "Resume from where it stopped" });
  await expect(go).toBeDisabled();
  await dialog.getByLabel("Why it cannot wait").fill("Nobody is here today");
  await go.click();
  await expect(page).not.toHaveURL(job);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Succeeded", { timeout: 60_000 });
  await expect(page.getByRole("complementary", { name: "Facts" })).toContainText("Nobody is here today");
});
