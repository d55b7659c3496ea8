/** Opens one page and leaves it open, as somebody does who looks at a database; `make bench` runs it. */
import { expect, test } from "@playwright/test";
import { signIn } from "./people";

test("a page stays open", async ({ page }) => {
  await signIn(page);
  await page.goto(process.env["OPEN_ADDRESS"] ?? "");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  // Not waited for a fact: what the page asks in this time is what is counted.
  await page.waitForTimeout(Number(process.env["OPEN_SECONDS"]) * 1000);
});
