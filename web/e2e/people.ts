/** What people do in several journeys. */
import { type APIRequestContext, type APIResponse, expect, type Page } from "@playwright/test";
import { type Facts, SHOP } from "./pages";

export const EMAIL = process.env["STILLROOM_ADMIN_EMAIL"] ?? "admin@stillroom.local";

export function password(): string {
  const given = process.env["STILLROOM_ADMIN_PASSWORD"];
  if (!given) throw new Error("Set STILLROOM_ADMIN_PASSWORD to the administrator's password of the stack under test.");
  return given;
}

export { SHOP };

export async function signIn(page: Page, to = "/", email = EMAIL, secret = password()): Promise<void> {
  await page.goto(to);
  await page.locator("input[name=email]").fill(email);
  await page.locator("input[name=password]").fill(secret);
  await page.keyboard.press("Enter");
  await expect(page).not.toHaveURL(/sign-in/);
}

/** The language that the administrator's account keeps, whatever a test before chose. */
export async function speaks(request: APIRequestContext, locale: "en" | "ru"): Promise<void> {
  const entered = await request.post("/api/auth/sign-in", { data: { email: EMAIL, password: password() } });
  const { access_token: token } = (await entered.json()) as { access_token: string };
  const saved = await request.patch("/api/me", { data: { locale }, headers: { Authorization: `Bearer ${token}` } });
  expect(saved.ok()).toBe(true);
}

/** A fresh stack has no job to look at: one is made, that leaves staging in the middle of the history. */
export async function facts(page: Page): Promise<Facts> {
  await move(page, "downgrade", "staging", "5b90d2f7a6c4");
  await move(page, "upgrade", "staging", "d30b7c5e94a1");
  const job = new URL(page.url()).pathname;
  return { job, draft: await writeEmpty(page, SHOP), request: await ask(page.request), terminal: await asking(page.request) };
}

/** A terminal asks to be signed in; gives the path at which somebody answers it, for ten minutes. */
export async function asking(request: APIRequestContext, name = "stillroom 0.1.0 on ann-laptop"): Promise<string> {
  const asked = (await (await request.post("/api/auth/terminals", { data: { name } })).json()) as { code: string };
  return `/terminal?code=${asked.code}`;
}

export type Call = (method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE", path: string, data?: unknown) => Promise<APIResponse>;

/** The API as somebody who is signed in; by default the administrator. */
export async function calling(request: APIRequestContext, email = EMAIL, secret = password()): Promise<Call> {
  const entered = await request.post("/api/auth/sign-in", { data: { email, password: secret } });
  const { access_token: token } = (await entered.json()) as { access_token: string };
  return (method, path, data) => request.fetch(path, { method, data, headers: { Authorization: `Bearer ${token}` } });
}

export interface Person {
  name: string;
  email: string;
  password: string;
  locale?: "en" | "ru";
}

/** Somebody follows an invitation into the demo organization and confirms their address. */
export async function joins(request: APIRequestContext, person: Person, role: "admin" | "member"): Promise<void> {
  const admin = await calling(request);
  const made = (await (await admin("POST", "/api/orgs/demo/invitations", { role })).json()) as { link: string };
  const accepted = { token: made.link.split("#")[1], locale: "en", ...person };
  expect((await request.post("/api/auth/invitations/accept", { data: accepted })).ok()).toBe(true);
  const { items } = (await (await request.get("/api/outbox")).json()) as { items: { recipient: string; text: string }[] };
  const secret = /#(\S+)/.exec(items.find((letter) => letter.recipient === person.email)?.text ?? "")?.[1] ?? "";
  expect((await request.post("/api/auth/verify", { data: { token: decodeURIComponent(secret) } })).ok()).toBe(true);
}

/** The id of somebody in the demo organization. */
export async function idOf(call: Call, email: string): Promise<string> {
  const { items } = (await (await call("GET", "/api/orgs/demo/members")).json()) as { items: { id: string; email: string }[] };
  const found = items.find((one) => one.email === email);
  if (!found) throw new Error(`${email} is no member.`);
  return found.id;
}

export const PROD = "/api/orgs/demo/projects/shop/environments/prod";

/** Somebody asks for prod's approval and thinks better of it; gives the path of the request. */
async function ask(request: APIRequestContext): Promise<string> {
  const call = await calling(request);
  await call("PATCH", PROD, { approvals_needed: 1 });
  const asked = await call("POST", "/api/migrations/upgrade", { project: "demo/shop", environment: "prod", revision: "head", reason: "For the new checkout" });
  const { params } = (await asked.json()) as { params: { request: string } };
  await call("POST", `/api/approvals/${params.request}/withdraw`);
  await call("PATCH", PROD, { approvals_needed: 0 });
  return `/demo/approvals/${params.request}`;
}

/** Has an empty revision written on a project's page; gives the path of its draft. */
export async function writeEmpty(page: Page, migrations: string): Promise<string> {
  await page.goto(migrations);
  await page.getByRole("button", { name: "View" }).click();
  await page.getByRole("menuitem", { name: "New revision" }).click();
  await page.getByLabel("Message").fill("To be filled in");
  await page.getByRole("button", { name: "Write it" }).click();
  await expect(page).toHaveURL(/\/drafts\//);
  await expect(page.getByRole("button", { name: "Push the branch" })).toBeVisible({ timeout: 120_000 });
  return new URL(page.url()).pathname;
}

/** Everything that the page asked for has come. */
export async function drawn(page: Page): Promise<void> {
  await expect(page.getByRole("heading").first()).toBeAttached();
  await expect(page.locator("#content .shimmer[aria-hidden]")).toHaveCount(0);
  await expect(page.locator("[data-connection=connecting]")).toHaveCount(0);
  await page.evaluate(() => document.fonts.ready);
}

/** The cell of a revision, named by its message, on an environment. */
export function cell(page: Page, message: string, environment: string) {
  return page.locator("[data-revision]", { hasText: message }).locator(`[data-environment="${environment}"]`);
}

/** What pressing something saves as a file. */
export async function downloaded(page: Page, press: () => Promise<void>): Promise<{ name: string; text: string }> {
  const waiting = page.waitForEvent("download");
  await press();
  const download = await waiting;
  const chunks: Buffer[] = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
  return { name: download.suggestedFilename(), text: Buffer.concat(chunks).toString() };
}

/** Brings an environment to a revision through the page, and waits for the job's end. */
export async function move(page: Page, kind: "upgrade" | "downgrade" | "stamp", environment: string, revision: string): Promise<void> {
  await page.goto(`${SHOP}?move=${kind}&on=${environment}&to=${encodeURIComponent(revision)}`);
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText(/stands at|goes from/)).toBeVisible();
  if (await dialog.getByText("Nothing to do").isVisible()) return;
  if (kind === "stamp") await dialog.locator("input[name=reason]").fill("mended by hand");
  const confirm = dialog.locator("input[name=environment]");
  if (await confirm.isVisible()) await confirm.fill((await dialog.locator("label", { hasText: "Type" }).innerText()).split(" ")[1] ?? "");
  await dialog.locator("button[type=submit]").click();
  await expect(page).toHaveURL(/\/jobs\//);
  await expect(page.getByRole("heading", { level: 1 })).toContainText(/Succeeded/, { timeout: 60_000 });
}
