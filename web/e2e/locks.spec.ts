import { expect, test } from "@playwright/test";
import { holdTable } from "./hold";
import { move, SHOP, signIn } from "./people";

const BASE = "5b90d2f7a6c4";

test("whoever may, ends the session that a job waits for on the job's own page, and the job goes on", async ({ page }) => {
  test.setTimeout(180_000);
  await signIn(page, SHOP);
  await move(page, "downgrade", "staging", BASE);
  const letGo = await holdTable("shop_staging", "customers", "shop_staging");
  try {
    await page.goto(`${SHOP}?move=upgrade&on=staging&to=head`);
    await page.getByRole("dialog").getByRole("button", { name: /^Upgrade · / }).click();
    const holder = page.getByRole("listitem").filter({ hasText: "nightly report" });
    await holder.getByRole("button", { name: "End session" }).click({ timeout: 60_000 });
    const dialog = page.getByRole("dialog");
    await expect(dialog).toContainText("lock table customers");
    await dialog.getByRole("button", { name: "End session" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toContainText("Succeeded", { timeout: 60_000 });
  } finally {
    await letGo();
  }
});
