/** A database with every kind of object, with names that break programs, and with values that nobody expects. */
import { createDatabase } from "./repository";
import { urlOf } from "./hold";
import { python } from "./python";

/** The most columns that PostgreSQL gives to a table. */
export const MOST_COLUMNS = 1600;

const VALUES = `
create table public.odd_values (id integer primary key, what text, body text, bytes bytea);
insert into public.odd_values values
  (1, 'a hundred megabytes', repeat('x', 100 * 1024 * 1024), null),
  (2, 'binary', null, decode('00ff10c3', 'hex')),
  (3, 'control', E'\\x01\\x1b[31mred\\x1b[0m \\u202eesrever\\u202c\\ttab\\nline two', null),
  (4, 'markup', '<img src=x onerror=alert(1)></script><script>alert(2)</script>', null),
  (5, 'no word ends', repeat('ы', 5000), null),
  (6, 'empty', '', ''),
  (7, 'formula', '=1+1', null);
create table public.wide (${Array.from({ length: MOST_COLUMNS }, (_, at) => `c${at + 1} smallint${at === 0 ? " primary key" : ""}`).join(", ")});
insert into public.wide (c1, c2, c${MOST_COLUMNS}) values (1, 2, ${MOST_COLUMNS});
`;

const MAKE = `
import sys, psycopg
from stillroom_testing.every_object import EVERY_OBJECT
with psycopg.connect(sys.argv[1], autocommit=True) as connection:
    connection.execute("set role shop_dev")
    connection.execute(EVERY_OBJECT)
    connection.execute(sys.stdin.read())
`;

export function createEveryObject(database: string): void {
  createDatabase(database);
  python(MAKE, [urlOf(database)], VALUES);
}

/** A database without an encoding, where names and values are bytes that are no UTF-8. */
export function createBadText(database: string): void {
  python("import sys; from stillroom_testing.bad_text import make_bad_text; make_bad_text(*sys.argv[1:])", [urlOf("postgres"), urlOf(database), database, "shop_dev"]);
}

/** The names that break programs. */
export function hostileNames(): string[] {
  return JSON.parse(python("import json; from stillroom_testing.every_object import HOSTILE_NAMES; print(json.dumps(HOSTILE_NAMES))")) as string[];
}
