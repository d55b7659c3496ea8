/** The host key of an environment's SSH server: asked for, compared, taken over by a person; told where there is none. */
import { type AddressInfo, createServer, type Server } from "node:net";
import { expect, type Page, test } from "@playwright/test";
import { signIn } from "./people";
import { addProject, createDatabase, removeProject, Repository } from "./repository";
import { withSshServer } from "./ssh-server";

const OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

/** The form of a new project's environment, with a way through an SSH server at this port. */
async function formOf(page: Page, port: number) {
  const database = `host_key_${Date.now()}`;
  createDatabase(database);
  const repository = new Repository();
  repository.revision("aaa1", null, "compared");
  repository.commit("the first table");
  await signIn(page, "/demo/projects");
  const project = await addProject(page, repository, database);
  await page.goto(`/demo/projects/${project}/settings?section=environments`);
  const card = page.getByRole("region", { name: "Dev" });
  await card.getByRole("button", { name: "Edit Dev", exact: true }).click();
  await card.getByRole("checkbox", { name: "Reach the databases through an SSH server" }).check();
  const ask = card.getByRole("button", { name: "Ask the server for its key", exact: true });
  await expect(ask).toBeDisabled();
  await card.getByLabel("SSH server", { exact: true }).fill("127.0.0.1");
  await card.getByLabel("SSH port", { exact: true }).fill(String(port));
  await card.getByLabel("SSH user", { exact: true }).fill("stillroom");
  return { project, card, ask, key: card.getByLabel("Host key of the SSH server", { exact: true }) };
}

test("what is no SSH server is told as that, and nothing of what was typed is lost", async ({ page }) => {
  test.setTimeout(180_000);
  const server: Server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { project, card, ask, key } = await formOf(page, (server.address() as AddressInfo).port);
    await ask.click();
    await expect(card.getByText("What answers there is no SSH server.", { exact: true })).toBeVisible();
    await expect(key).toHaveValue("");
    await expect(card.getByLabel("SSH user", { exact: true })).toHaveValue("stillroom");
    // What one server said does not stand beside another's name.
    await card.getByLabel("SSH server", { exact: true }).fill("localhost");
    await expect(card.getByText("What answers there is no SSH server.", { exact: true })).toHaveCount(0);
    await removeProject(page, project);
  } finally {
    server.close();
  }
});

test("a host key is shown, compared and pinned, and another one than the saved is told", async ({ page }) => {
  test.setTimeout(180_000);
  const served = await withSshServer(async (server) => {
    const { project, card, ask, key } = await formOf(page, server.port);
    await ask.click();
    await expect(card.getByText("127.0.0.1 showed this key", { exact: true })).toBeVisible();
    await expect(card.getByText(server.fingerprint, { exact: true })).toBeVisible();
    await expect(card.getByText("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub", { exact: true })).toBeVisible();
    // Asking alone takes nothing over.
    await expect(key).toHaveValue("");
    await card.getByRole("button", { name: "They are the same: use this key", exact: true }).click();
    await expect(key).toHaveValue(server.hostKey);
    await expect(card.getByText("Taken over into the field above.", { exact: true })).toBeVisible();
    await key.fill(OTHER);
    const save = card.getByRole("button", { name: "Save", exact: true });
    await save.click();
    await expect(save).toHaveCount(0);
    // The database is read through it at once, and the refusal leads back to the look-up.
    await card.getByRole("button", { name: "Compare the host key", exact: true }).click({ timeout: 60_000 });
    await expect(ask).toBeFocused();
    await ask.click();
    await expect(card.getByText("It is not the key that is saved (SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU).", { exact: false })).toBeVisible();
    await card.getByRole("button", { name: "They are the same: use this key", exact: true }).click();
    await save.click();
    await expect(save).toHaveCount(0);
    await card.getByRole("button", { name: "Edit Dev", exact: true }).click();
    await expect(card.getByText(`Saved: ${server.fingerprint}`, { exact: true })).toBeVisible();
    await removeProject(page, project);
  });
  test.skip(!served, "no sshd on this machine: apt-get install openssh-server");
});
