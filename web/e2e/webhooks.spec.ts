/** Webhooks from the page: made, tested against a real receiver, seen in the log, sent again; and what people choose. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "@playwright/test";
import { signIn } from "./people";

let server: Server;
let came: { headers: Record<string, unknown>; body: string }[] = [];
let status = 200;

test.beforeEach(async () => {
  came = [];
  status = 200;
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece: Buffer) => (body += piece.toString()));
    request.on("end", () => {
      came.push({ headers: request.headers, body });
      response.writeHead(status).end(status === 200 ? "thank you" : "not today");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

test.afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
});

test("a webhook is made, its secret shown once, a test delivered, told in the log, and sent again", async ({ page }) => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret-path`;
  await signIn(page, "/demo/webhooks");
  await page.getByRole("button", { name: "Add a webhook" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("Chat");
  await dialog.getByLabel("Address").fill("not an address");
  await dialog.getByRole("button", { name: "Add" }).click();
  await expect(dialog.getByRole("alert").first()).toBeVisible();
  await dialog.getByLabel("Address").fill(url);
  await dialog.getByRole("button", { name: "Add" }).click();
  await expect(page.getByTestId("secret")).toHaveText(/^whsec_/);
  await page.getByRole("button", { name: "I have kept it" }).click();
  await expect(page.getByText("secret-path")).toHaveCount(0);

  status = 500;
  await page.getByRole("button", { name: "Send a test" }).click();
  await page.getByRole("link", { name: "Chat" }).click();
  const entry = page.getByRole("listitem").getByRole("button", { name: /a test/ });
  await expect(entry).toContainText("500", { timeout: 30_000 });
  await entry.click();
  await expect(page.getByText("not today")).toBeVisible();
  await expect(page.getByText('"type": "webhook.test"')).toBeVisible();
  status = 200;
  await page.getByRole("button", { name: "Send again" }).click();
  await expect(entry).toContainText("delivered", { timeout: 30_000 });
  expect(new Set(came.map((one) => one.headers["webhook-id"])).size).toBe(1);
  expect(came[0]?.headers["webhook-signature"]).toMatch(/^v1,/);

  await page.getByRole("button", { name: "Switch off" }).click();
  await page.getByRole("link", { name: "All webhooks" }).click();
  await expect(page.getByText("Somebody switched it off.")).toBeVisible();
  await page.getByRole("button", { name: "Remove" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await expect(page.getByRole("heading", { name: "No webhook yet" })).toBeVisible();
});

test("a person chooses what to be told of, and takes it back", async ({ page }) => {
  await signIn(page, "/account?section=notifications");
  const shop = page.getByRole("listitem").filter({ hasText: "Shop" }).first();
  await shop.getByRole("button", { name: "Choose" }).click();
  await shop.getByLabel("a database was moved from elsewhere").check();
  await shop.getByRole("button", { name: "Save" }).click();
  await expect(shop.getByText("own choice")).toBeVisible();
  await expect(shop).toContainText("a database was moved from elsewhere");
  await shop.getByRole("button", { name: "Choose" }).click();
  await shop.getByRole("button", { name: "As for all projects" }).click();
  await expect(shop.getByText("own choice")).toHaveCount(0);
});

test("a pipeline is trusted by its claims, changed, and trusted no more", async ({ page }) => {
  await signIn(page, "/demo/tokens");
  await page.getByRole("button", { name: "Add a service account" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("Deployer");
  await page.getByRole("dialog").getByRole("button", { name: "Add" }).click();
  await page.getByRole("button", { name: "Trust a pipeline" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("Releases");
  await dialog.getByLabel("Claims").fill("repository=*");
  await dialog.getByRole("button", { name: "Add" }).click();
  await expect(dialog.getByText("Everybody's pipeline would be trusted.")).toBeVisible();
  await dialog.getByLabel("Claims").fill("repository=acme/shop\nref=refs/heads/main");
  await dialog.getByRole("button", { name: "Add" }).click();
  const listed = page.getByRole("listitem").filter({ hasText: "Releases" });
  await expect(listed).toContainText("repository=acme/shop");
  await expect(listed).toContainText(/STILLROOM_TRUST=[0-9a-f-]{36}/);
  await listed.getByRole("button", { name: "Change" }).click();
  await dialog.getByLabel("Ends after").selectOption("5");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(listed).toContainText("5 minutes");
  await listed.getByRole("button", { name: "End" }).click();
  await dialog.getByRole("button", { name: "End" }).click();
  await expect(listed).toHaveCount(0);
});

test("a project gets a hook for its git host, and is looked at every so often", async ({ page, request }) => {
  await signIn(page, "/demo/projects/shop/settings?section=repository");
  await page.getByRole("button", { name: "Make a hook" }).click();
  const url = await page.getByTestId("hook-url").innerText();
  const secret = await page.getByTestId("hook-secret").innerText();
  await page.getByRole("button", { name: "I have kept it" }).click();
  await expect(page.getByText("Made; nothing has come yet.")).toBeVisible();
  const told = await request.post(new URL(url).pathname, { headers: { "X-Gitlab-Token": secret }, data: { ref: "refs/heads/main" } });
  expect(told.status()).toBe(202);
  expect((await request.post(new URL(url).pathname, { headers: { "X-Gitlab-Token": "wrong" }, data: {} })).status()).toBe(401);
  await expect(page.getByText("A push was told")).toBeVisible();
  await page.getByLabel("Looked at every").selectOption("60");
  await page.reload();
  await expect(page.getByLabel("Looked at every")).toHaveValue("60");
  await page.getByLabel("Looked at every").selectOption("0");
  await page.getByRole("button", { name: "Remove" }).first().click();
  await expect(page.getByText("No hook yet: pushes are not told.")).toBeVisible();
});
