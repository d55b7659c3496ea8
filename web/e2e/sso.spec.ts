/** Signing in through a real OpenID Connect provider, in a process of its own beside the stack. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, type Page, test } from "@playwright/test";
import { faults } from "./accessible";
import { asking, calling, SHOP, signIn } from "./people";
import { ask } from "./repository";

const SCRIPT = fileURLToPath(new URL("oidc-provider.mjs", import.meta.url));
const DOMAIN = `works-${Date.now()}.example`;
const [ANN, FOREIGN] = [`ann@${DOMAIN}`, `foreign@${DOMAIN}`];
const PROVIDER = "/api/orgs/demo/provider";

let provider: ChildProcess;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

test.beforeAll(async ({ request, baseURL }) => {
  const port = await freePort();
  const people = {
    [ANN]: { email: ANN, email_verified: true, name: "Ann of the works" },
    [FOREIGN]: { email: "somebody@elsewhere.example", email_verified: true, name: "Somebody else" },
  };
  const redirect = `${baseURL ?? ""}/api/auth/sso/callback`;
  provider = spawn(process.execPath, [SCRIPT], { env: { ...process.env, OIDC: JSON.stringify({ port, redirect, people }) }, stdio: ["ignore", "pipe", "inherit"] });
  await new Promise<void>((resolve, reject) => {
    provider.stdout?.on("data", (said: Buffer) => said.toString().includes("ready") && resolve());
    provider.once("exit", () => reject(new Error("the provider did not start")));
  });
  const call = await calling(request);
  const set = await call("PUT", PROVIDER, { issuer: `http://127.0.0.1:${port}`, client_id: "stillroom", client_secret: "a-client-secret", admits: true });
  expect(set.ok(), await set.text()).toBe(true);
  expect((await call("POST", `${PROVIDER}/domains`, { domain: DOMAIN })).ok()).toBe(true);
  // The record cannot be shown to the world from here; that it is looked for is tested with a DNS server of the test's own.
  ask("stillroom", `update provider_domains set proven_at = now() where domain = '${DOMAIN}' returning 1`);
});

test.afterAll(async ({ request }) => {
  const call = await calling(request);
  await call("DELETE", PROVIDER);
  const { items } = (await (await call("GET", "/api/orgs/demo/members")).json()) as { items: { id: string; email: string }[] };
  for (const one of items) if (one.email.endsWith(DOMAIN)) await call("DELETE", `/api/orgs/demo/members/${one.id}`);
  provider.removeAllListeners("exit");
  provider.kill();
  await once(provider, "exit");
});

/** From the page for signing in to the provider and back. */
async function signInWithOrganization(page: Page, email: string): Promise<void> {
  const open = page.getByRole("button", { name: "Sign in with your organization" });
  const work = page.getByLabel("Work email");
  await expect(open.or(work)).toBeVisible();
  if (await open.isVisible()) await open.click();
  await work.fill(email);
  await page.getByRole("button", { name: "Continue" }).click();
}

test("somebody signs in with their organization, arrives where they wanted to go, and signs out", async ({ page }) => {
  const wanted = `${SHOP}?q=billing`;
  await page.goto(wanted);
  await expect(page).toHaveURL(/sign-in/);
  const visited: string[] = [];
  page.on("request", (one) => one.isNavigationRequest() && visited.push(one.url()));
  await signInWithOrganization(page, ANN);
  await expect(page).toHaveURL(wanted);
  expect(visited.some((url) => url.startsWith("http://127.0.0.1:"))).toBe(true);
  await page.reload();
  await page.getByRole("button", { name: "Account of Ann of the works" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/sign-in/);
  await page.goto(SHOP);
  await expect(page).toHaveURL(/sign-in/);
});

test("whom their organization signs in answers a terminal after it, on the page that they came for", async ({ page }) => {
  const wanted = await asking(page.request);
  await page.goto(wanted);
  await signInWithOrganization(page, ANN);
  await expect(page).toHaveURL(wanted);
  await expect(page.getByText(`You are signed in here as Ann of the works (${ANN}).`)).toBeVisible();
  await page.getByRole("button", { name: "Sign the terminal in" }).click();
  await expect(page.getByText("The terminal is signed in")).toBeVisible();
});

test("an address that the provider speaks for wrongly is refused, said on the page, and told in the audit log", async ({ page, browser }) => {
  await page.goto("/sign-in");
  await signInWithOrganization(page, FOREIGN);
  await expect(page).toHaveURL(/\/sign-in\?sso=sso_address/);
  await expect(page.getByRole("alert")).toContainText("Your organization did not sign you in");
  await expect(page.getByRole("alert")).toContainText("names no verified address");
  expect(await faults(page)).toEqual([]);
  if (process.env["SHOT"]) await page.screenshot({ path: `${process.env["SHOT"]}-refused.png` });

  const owner = await (await browser.newContext()).newPage();
  await signIn(owner, "/demo/audit");
  const entry = owner.locator("details", { hasText: "somebody@elsewhere.example" }).first();
  await expect(entry).toContainText("Refused");
  await entry.locator("summary").click();
  await expect(entry).toContainText("reason: sso_address");
  if (process.env["SHOT"]) await owner.screenshot({ path: `${process.env["SHOT"]}-audit.png` });
  await owner.context().close();
});

test("a way back that nobody began here is refused", async ({ page }) => {
  await page.goto("/api/auth/sso/callback?state=made-up&code=made-up");
  await expect(page).toHaveURL(/\/sign-in\?sso=sso_ended/);
  await expect(page.getByRole("alert")).toContainText("begun in another browser");
});
