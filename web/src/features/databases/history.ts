/** What was run on a database, in this browser alone: queries may hold what others should not read. */

const MOST = 50;
const LONGEST = 20_000;

function keyOf(database: string): string {
  return `stillroom.queries.${database}`;
}

/** The newest first. */
export function history(database: string): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(keyOf(database)) ?? "[]");
    return Array.isArray(stored) ? stored.filter((one) => typeof one === "string") : [];
  } catch {
    return []; // written by something else
  }
}

export function remember(database: string, sql: string): void {
  if (sql.length > LONGEST) return;
  const kept = [sql, ...history(database).filter((one) => one !== sql)].slice(0, MOST);
  localStorage.setItem(keyOf(database), JSON.stringify(kept));
}
