/** What a database said of itself, and whether the user's rights are enough to migrate it. */
import type { ReactNode } from "react";
import type { Server } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Notice } from "@/ui/notice";
import { warningsOf } from "./rights";

function size(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(bytes, 1)) / 10)));
  return `${Math.round(bytes / 1024 ** power)} ${units[power] ?? ""}`;
}

export function ServerReport({ server }: { server: Server }) {
  const { t } = useLanguage();
  const warnings = warningsOf(server);
  const facts: [string, ReactNode][] = [
    [t("setups.server.version"), `PostgreSQL ${server.version}`],
    [t("setups.server.user"), <code key="user" className="text-xs">{server.username}{server.superuser && ` · ${t("setups.server.superuser")}`}</code>],
    [t("setups.server.connection"), server.encrypted ? "TLS" : t("setups.server.clear")],
    [t("setups.server.tables"), `${t("setups.server.tablesCount", { count: server.tables })} · ${size(server.size)}`],
    [t("setups.server.stands"), server.heads.length > 0 ? <code key="heads" className="text-xs break-all">{server.heads.join(", ")}</code> : t("setups.server.noVersion")],
    [t("setups.server.extensions"), server.extensions.map((one) => `${one.name} ${one.version}`).join(", ") || "–"],
  ];
  return (
    <div className="flex flex-col gap-2">
      <Notice kind={warnings.length > 0 ? "warning" : "success"} title={t(warnings.length > 0 ? "setups.server.reached" : "setups.server.good")}>
        {warnings.map((warning) => (
          <p key={warning.code}>
            {warning.code === "foreign_tables"
              ? t("setups.server.foreign_tables", { count: warning.count, owners: warning.owners })
              : t(`setups.server.${warning.code}`, { user: server.username })}
          </p>
        ))}
      </Notice>
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1 rounded-md border border-line px-3 py-2 text-sm">
        {facts.map(([label, value]) => (
          <div key={label} className="contents">
            <dt className="text-muted">{label}</dt>
            <dd className="min-w-0 break-words">{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
