/** A database in SQL_ASCII, as old applications left them: names and values that are no UTF-8. */
import { expect, test } from "@playwright/test";
import { createBadText } from "./every-object";
import { drawn, signIn } from "./people";
import { addProject, removeProject, Repository } from "./repository";

test("what is no UTF-8 has a sign, and everything else of the database is shown", async ({ page }) => {
  test.setTimeout(120_000);
  const name = `bad_text_${Date.now()}`;
  createBadText(name);
  const repository = new Repository();
  repository.revision("aaa1", null, "made");
  repository.commit("the first table");
  await signIn(page, "/demo/projects");
  const project = await addProject(page, repository, name);
  const at = (view: string) => `/demo/projects/${project}/databases/dev/${name}/${view}`;
  await page.goto(at("schema?kind=table&schema=public&name=latin&tab=rows"));
  await expect(page.getByRole("list", { name: "Objects" })).toContainText("caf�");
  await expect(page.getByRole("article")).toContainText("caf�");
  await expect(page.getByRole("grid", { name: "Rows" })).toContainText("d�j� vu");
  for (const view of ["overview", "diagram", "activity", "sql"]) {
    await page.goto(at(view));
    await drawn(page);
    await expect(page.getByRole("alert")).toHaveCount(0);
  }
  await removeProject(page, project);
});
