/** Another session of a team on a sample database: it holds a table until it is let go. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { PYTHON } from "./python";

const SESSION = `
import contextlib, os, sys, psycopg
table, owner, url = sys.argv[1], sys.argv[2], os.environ["HELD"]
signed_in_as = {}
if owner:
    with psycopg.connect(url, autocommit=True) as administrator:
        if not administrator.execute("select 1 from pg_roles where rolname = 'reporter'").fetchone():
            administrator.execute("create role reporter")
        administrator.execute("alter role reporter login password 'reports'")
        administrator.execute("grant connect on database " + administrator.info.dbname + " to reporter")
        administrator.execute("grant usage on schema public to reporter")
        administrator.execute("grant all on " + table + " to reporter")
        administrator.execute("grant reporter to " + owner)
    signed_in_as = {"user": "reporter", "password": "reports"}
ended_by_somebody = contextlib.suppress(psycopg.errors.AdminShutdown)
with ended_by_somebody, psycopg.connect(url, application_name="nightly report", **signed_in_as) as connection:
    connection.execute("lock table " + table + " in share mode")
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

/** Gives the way to let it go. The session is an administrator's, or one of a role that `owner` may end. */
export async function holdTable(database: string, table: string, owner = ""): Promise<() => Promise<void>> {
  const session = spawn(PYTHON, ["-c", SESSION, table, owner], { env: { ...process.env, HELD: urlOf(database) }, stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(session, "exit");
  const held = await Promise.race([once(session.stdout, "data").then(() => true), ended.then(() => false)]);
  if (!held) throw new Error(`${table} of ${database} could not be locked.`);
  return async () => {
    session.stdin.end();
    await ended;
  };
}
