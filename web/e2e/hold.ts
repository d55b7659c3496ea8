/** Another session of a team on a sample database: it holds a table until it is let go. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const PYTHON = fileURLToPath(new URL("../../.venv/bin/python", import.meta.url));
const SESSION = `
import os, sys, psycopg
with psycopg.connect(os.environ["HELD"], application_name="nightly report") as connection:
    connection.execute("lock table " + sys.argv[1] + " in share mode")
    print("held", flush=True)
    sys.stdin.read()
`;

/** The own PostgreSQL of the stack under test, with its administrator's rights. */
export function urlOf(database: string): string {
  const home = process.env["STILLROOM_HOME"];
  if (!home) throw new Error("Set STILLROOM_HOME to the folder of the stack under test.");
  const settings = readFileSync(`${home}/settings.env`, "utf8");
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(settings)?.[1] ?? "";
  return `postgresql://postgres:${encodeURIComponent(value("STILLROOM_POSTGRES_PASSWORD"))}@127.0.0.1:${value("STILLROOM_POSTGRES_PORT")}/${database}`;
}

/** Gives the way to let it go. */
export async function holdTable(database: string, table: string): Promise<() => Promise<void>> {
  const session = spawn(PYTHON, ["-c", SESSION, table], { env: { ...process.env, HELD: urlOf(database) }, stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(session, "exit");
  const held = await Promise.race([once(session.stdout, "data").then(() => true), ended.then(() => false)]);
  if (!held) throw new Error(`${table} of ${database} could not be locked.`);
  return async () => {
    session.stdin.end();
    await ended;
  };
}
