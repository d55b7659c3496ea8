/** An environment that takes new commits by itself: switched on, seen working, told on the page. */
import { expect, test } from "@playwright/test";
import { signIn } from "./people";
import { addProject, ask, createDatabase, removeProject, Repository } from "./repository";

test("a commit is brought to the databases of an environment whose rule was switched on", async ({ page }) => {
  test.setTimeout(240_000);
  const database = `by_rule_${Date.now()}`;
  createDatabase(database);
  const repository = new Repository();
  repository.revision("aaa1", null, "brought");
  repository.commit("the first table");
  await signIn(page, "/demo/projects");
  const project = await addProject(page, repository, database);
  await page.goto(`/demo/projects/${project}/settings?section=environments`);
  const card = page.getByRole("region", { name: "Dev" });
  await card.getByRole("button", { name: "Edit Dev" }).click();
  await card.getByText("Approvals, change windows, order").click();
  await card.getByLabel("Take new commits by itself").check();
  await card.getByRole("button", { name: "Save" }).click();
  const told = card.getByRole("group", { name: "New commits by themselves" });
  await expect(told).toContainText("by the rule of Administrator");
  await expect(told.getByRole("link", { name: "job started" })).toBeVisible({ timeout: 90_000 });
  await told.getByRole("link", { name: "job started" }).click();
  await expect(page).toHaveURL(/\/jobs\//);
  await expect(page.getByText(/By the rule of Dev: commit \w+ the first table/)).toBeVisible();
  await expect.poll(() => ask(database, "select to_regclass('brought') is not null"), { timeout: 60_000 }).toBe("True");
  await removeProject(page, project);
});
