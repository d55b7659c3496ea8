/** An environment behind an SSH server: refused where a key is none, a key made, its public half shown, taken away. */
import { expect, test } from "@playwright/test";
import { signIn } from "./people";
import { addProject, createDatabase, removeProject, Repository } from "./repository";

const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

test("an SSH server is given with its host key, gets a key of Stillroom's, and is taken away", async ({ page }) => {
  test.setTimeout(180_000);
  const database = `behind_ssh_${Date.now()}`;
  createDatabase(database);
  const repository = new Repository();
  repository.revision("aaa1", null, "behind");
  repository.commit("the first table");
  await signIn(page, "/demo/projects");
  const project = await addProject(page, repository, database);
  await page.goto(`/demo/projects/${project}/settings?section=environments`);
  const card = page.getByRole("region", { name: "Dev" });
  const edit = card.getByRole("button", { name: "Edit Dev", exact: true });
  const through = card.getByRole("checkbox", { name: "Reach the databases through an SSH server" });
  const save = card.getByRole("button", { name: "Save", exact: true });

  await edit.click();
  await through.check();
  await card.getByLabel("SSH server", { exact: true }).fill("127.0.0.1");
  await card.getByLabel("SSH port", { exact: true }).fill("1");
  await card.getByLabel("SSH user", { exact: true }).fill("stillroom");
  await card.getByLabel("Host key of the SSH server", { exact: true }).fill("no key");
  await save.click();
  await expect(card.getByText("not a host key", { exact: true })).toBeVisible();
  await card.getByLabel("Host key of the SSH server", { exact: true }).fill(HOST_KEY);
  await save.click();
  await expect(card.getByText("through 127.0.0.1")).toBeVisible();
  // It is read through it at once, and nothing listens there.
  await expect(card.getByText("unreachable", { exact: true })).toBeVisible({ timeout: 60_000 });

  await edit.click();
  await expect(card.getByLabel("Public key", { exact: true })).toHaveValue(/^ssh-ed25519 AAAA\S+ stillroom$/);
  await expect(card.getByText("SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU")).toBeVisible();
  await expect(card.getByLabel("Private key")).toHaveValue("");
  await through.uncheck();
  await save.click();
  await expect(card.getByText("through 127.0.0.1")).toHaveCount(0);
  await expect(card.getByText("unreachable", { exact: true })).toHaveCount(0, { timeout: 60_000 });
  await removeProject(page, project);
});
