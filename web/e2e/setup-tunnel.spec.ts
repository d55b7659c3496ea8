/** Adding a project whose database is behind an SSH server: what is typed stays, the key is made before the test. */
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, type Page, test } from "@playwright/test";
import { urlOf } from "./hold";
import { signIn } from "./people";
import { createDatabase, removeProject, Repository } from "./repository";
import { withSshServer } from "./ssh-server";

const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

/** A repository that was looked at, and a database typed whose host is the SSH server's own name for it. */
async function begin(page: Page, database: string) {
  createDatabase(database);
  const repository = new Repository();
  repository.revision("aaa1", null, "behind");
  repository.commit("the first table");
  await signIn(page, "/demo/projects/new");
  await page.getByLabel("Git URL").fill(repository.folder);
  await page.getByRole("button", { name: "Look at the repository", exact: true }).click();
  await expect(page.getByLabel("Value of variable DATABASE_URL")).toBeVisible({ timeout: 60_000 });
  const passwords = JSON.parse(readFileSync(join(process.env["STILLROOM_HOME"] ?? "", "sample", "databases.json"), "utf8")) as Record<string, string>;
  await page.getByLabel("Short name").fill(database.replaceAll("_", "-"));
  await page.getByLabel("Host", { exact: true }).fill("localhost");
  await page.getByLabel("Port", { exact: true }).fill(new URL(urlOf("postgres")).port);
  await page.getByLabel("Database", { exact: true }).fill(database);
  await page.getByLabel("User", { exact: true }).fill("shop_dev");
  await page.getByLabel("Password", { exact: true }).fill(passwords["dev"] ?? "");
  await page.getByRole("checkbox", { name: "Reach the databases through an SSH server" }).check();
}

async function through(page: Page, port: number, user: string) {
  await page.getByLabel("SSH server", { exact: true }).fill("127.0.0.1");
  await page.getByLabel("SSH port", { exact: true }).fill(String(port));
  await page.getByLabel("SSH user", { exact: true }).fill(user);
}

test("without a key the test is refused, one is made, and what was typed outlives failure and reload", async ({ page }) => {
  test.setTimeout(180_000);
  await begin(page, `setup_ssh_${Date.now()}`);
  await through(page, 1, "stillroom");
  const hostKey = page.getByLabel("Host key of the SSH server", { exact: true });
  await hostKey.fill(`[127.0.0.1]:1 ${HOST_KEY}`);
  const run = page.getByRole("button", { name: "Test the connection", exact: true });
  await run.click();
  await expect(page.getByText("There is no key yet to sign in to the SSH server with.", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Make a key", exact: true }).click();
  const publicKey = page.getByLabel("Public key", { exact: true });
  await expect(publicKey).toHaveValue(/^ssh-ed25519 AAAA\S+ stillroom$/);
  const shown = await publicKey.inputValue();
  await run.click();
  await expect(page.getByText("The SSH server is not reachable.", { exact: true })).toBeVisible({ timeout: 60_000 });
  await expect(hostKey).toHaveValue(HOST_KEY);
  const kept = page.waitForResponse(async (one) => one.request().method() === "PATCH" && (await one.text()).includes("somebody"));
  await page.getByLabel("SSH user", { exact: true }).fill("somebody");
  await kept;
  await page.reload();
  await expect(page.getByLabel("SSH user", { exact: true })).toHaveValue("somebody");
  await expect(hostKey).toHaveValue(HOST_KEY);
  await expect(publicKey).toHaveValue(shown);
});

test("a project is added with a database that only an SSH server reaches", async ({ page }) => {
  test.setTimeout(180_000);
  const served = await withSshServer(async (server) => {
    const database = `setup_behind_${Date.now()}`;
    await begin(page, database);
    await through(page, server.port, server.user);
    await page.getByRole("button", { name: "Ask the server for its key", exact: true }).click();
    await expect(page.getByText(server.fingerprint, { exact: true })).toBeVisible();
    await page.getByRole("button", { name: "They are the same: use this key", exact: true }).click();
    await page.getByRole("button", { name: "Make a key", exact: true }).click();
    const publicKey = page.getByLabel("Public key", { exact: true });
    await expect(publicKey).toHaveValue(/^ssh-ed25519 AAAA/);
    const run = page.getByRole("button", { name: "Test the connection", exact: true });
    await run.click();
    await expect(page.getByText("The SSH server refused the user or the key.", { exact: true })).toBeVisible({ timeout: 60_000 });
    appendFileSync(server.authorizedKeys, `restrict,port-forwarding ${await publicKey.inputValue()}\n`);
    await run.click();
    await expect(page.getByText("The database can be migrated by this user")).toBeVisible({ timeout: 60_000 });
    await page.getByRole("button", { name: "Add the project", exact: true }).click();
    const slug = database.replaceAll("_", "-");
    await expect(page).toHaveURL(new RegExp(`/demo/projects/${slug}/migrations`));
    await page.goto(`/demo/projects/${slug}/settings?section=environments`);
    await expect(page.getByRole("region", { name: "dev" }).getByText("through 127.0.0.1")).toBeVisible();
    await removeProject(page, slug);
  });
  test.skip(!served, "no sshd on this machine: apt-get install openssh-server");
});
