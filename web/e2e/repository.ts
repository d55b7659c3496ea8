/** A git repository with an Alembic project, a database for it, and the project that joins them. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, type Page } from "@playwright/test";
import { urlOf } from "./hold";
import { python } from "./python";

const SAMPLE = join(process.env["STILLROOM_HOME"] ?? "", "sample");
const ENV_PY = `import os
from alembic import context
from sqlalchemy import create_engine

with create_engine(os.environ["DATABASE_URL"]).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
`;

export class Repository {
  readonly folder = join(mkdtempSync(join(tmpdir(), "stillroom-e2e-")), `project-${Date.now()}`);

  /** `output` is put before env.py's own lines. */
  constructor(output = "") {
    mkdirSync(join(this.folder, "migrations", "versions"), { recursive: true });
    writeFileSync(join(this.folder, "alembic.ini"), "[alembic]\nscript_location = migrations\n");
    for (const name of ["requirements.txt", "migrations/script.py.mako"]) copyFileSync(join(SAMPLE, "shop", name), join(this.folder, name));
    writeFileSync(join(this.folder, "migrations", "env.py"), output + ENV_PY);
    this.git("init", "-q", "-b", "main");
  }

  git(...words: string[]): string {
    return execFileSync("git", ["-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-C", this.folder, ...words], { encoding: "utf8" }).trim();
  }

  /** A revision on top of others; `table` is made by its upgrade and dropped by its downgrade. */
  revision(id: string, down: string | readonly string[] | null, table?: string): void {
    this.write(id, down, table ? `op.execute("create table ${table} (id int)")` : "pass", table ? `op.execute("drop table ${table}")` : "pass");
  }

  /** A revision whose functions do what is given, one statement on each line. */
  write(id: string, down: string | readonly string[] | null, up: string, back = "pass"): void {
    const below = down === null ? "None" : typeof down === "string" ? `"${down}"` : `(${down.map((one) => `"${one}"`).join(", ")},)`;
    const text = `"""Revision ${id}"""\nimport sqlalchemy as sa\nfrom alembic import op\n\nrevision = "${id}"\ndown_revision = ${below}\nbranch_labels = None\ndepends_on = None\n\n\ndef upgrade():\n    ${up}\n\n\ndef downgrade():\n    ${back}\n`;
    writeFileSync(join(this.folder, "migrations", "versions", `${id}.py`), text);
  }

  remove(id: string): void {
    rmSync(join(this.folder, "migrations", "versions", `${id}.py`));
  }

  commit(message: string): string {
    this.git("add", "-A");
    this.git("commit", "-q", "-m", message);
    return this.git("rev-parse", "HEAD");
  }
}

/** One value of a database of the stack, as its administrator sees it. */
export function ask(database: string, query: string): string {
  return python("import sys, psycopg; print(psycopg.connect(sys.argv[1], autocommit=True).execute(sys.argv[2]).fetchone()[0])", [urlOf(database), query]);
}

/** Changes a database of the stack from outside, as its administrator. */
export function change(database: string, statement: string): void {
  python("import sys, psycopg; psycopg.connect(sys.argv[1], autocommit=True).execute(sys.argv[2])", [urlOf(database), statement]);
}

/** A new database of the sample's dev user. */
export function createDatabase(name: string): void {
  change("postgres", `create database ${name} owner shop_dev`);
}

export async function token(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const answer = await fetch("/api/auth/refresh", { method: "POST" });
    return ((await answer.json()) as { access_token: string }).access_token;
  });
}

/** A request of the signed-in person, without their pages. */
export async function call(page: Page, method: string, address: string, data?: unknown): Promise<unknown> {
  const headers = { Authorization: `Bearer ${await token(page)}` };
  const answer = await page.request.fetch(address, { method, headers, ...(data === undefined ? {} : { data }) });
  expect(answer.ok(), `${method} ${address}: ${await answer.text()}`).toBe(true);
  return answer.status() === 204 ? null : answer.json();
}

/** The project of a repository with one environment, dev, and one database; gives its short name. */
export async function addProject(page: Page, repository: Repository, database: string): Promise<string> {
  const slug = database.replaceAll("_", "-");
  const passwords = JSON.parse(readFileSync(join(SAMPLE, "databases.json"), "utf8")) as Record<string, string>;
  const { port } = new URL(urlOf("postgres"));
  const project = "/api/orgs/demo/projects";
  await call(page, "POST", project, { slug, name: slug, git_url: repository.folder, git_ref: "main" });
  await call(page, "POST", `${project}/${slug}/environments`, {
    slug: "dev",
    name: "Dev",
    variables: [{ name: "DATABASE_URL", value: "{{url:psycopg}}", secret: false }],
  });
  await call(page, "POST", `${project}/${slug}/environments/dev/databases`, { name: database, host: "127.0.0.1", port: Number(port), database, username: "shop_dev", password: passwords["dev"] });
  return slug;
}

export async function removeProject(page: Page, slug: string): Promise<void> {
  await call(page, "DELETE", `/api/orgs/demo/projects/${slug}`);
}

/** Moves the project's database to a revision and waits for the job's end. */
export async function moveTo(page: Page, slug: string, kind: "upgrade" | "downgrade", revision: string): Promise<void> {
  const { id } = (await call(page, "POST", `/api/migrations/${kind}`, { project: `demo/${slug}`, environment: "dev", revision })) as { id: string };
  await expect.poll(async () => ((await call(page, "GET", `/api/jobs/${id}`)) as { state: string }).state, { timeout: 120_000 }).toBe("succeeded");
}
