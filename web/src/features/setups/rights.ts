import type { Server } from "@/api/types";

export type Warning = { code: "standby" | "pooled" | "no_create" } | { code: "foreign_tables"; count: number; owners: string };

/** What would make a migration fail on this database, as far as its catalogue tells. */
export function warningsOf(server: Server): Warning[] {
  const found: Warning[] = [];
  if (server.standby) found.push({ code: "standby" });
  if (server.pooled) found.push({ code: "pooled" });
  if (!server.creates_tables && !server.superuser) found.push({ code: "no_create" });
  if (server.foreign_tables > 0 && !server.superuser)
    found.push({ code: "foreign_tables", count: server.foreign_tables, owners: (server.owners ?? []).join(", ") });
  return found;
}
