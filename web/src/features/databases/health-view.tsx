/** What has grown in a database, and what could be better: tables, indexes, keys, statements. */
import { RefreshCw } from "lucide-react";
import { type ReactNode, useContext } from "react";
import { Link } from "react-router";
import type { OverviewHealth, TableGrowth } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { IconButton } from "@/ui/button";
import { Name } from "@/ui/name";
import { Failed, SkeletonRows } from "@/ui/states";
import { Table } from "@/ui/table";
import { Ago } from "@/ui/time";
import { WaysContext } from "./lives";
import { useHealth } from "./overview-queries";
import type { Place } from "./queries";

/** Below that an estimate is noise. */
const BLOAT_SHARE = 0.2;
const BLOAT_BYTES = 1024 * 1024;

export function HealthView({ place, growth }: { place: Place; growth: TableGrowth[] }) {
  const { t, number, bytes, duration } = useLanguage();
  const trouble = useTrouble();
  const health = useHealth(place);
  if (health.isError) return <Failed trouble={trouble(health.error)} onRetry={() => void health.refetch()} />;
  if (!health.data) return <SkeletonRows />;
  const found = health.data;
  return (
    <>
      <Part
        title={t("databases.overview.tables")}
        lead={t("databases.overview.tablesLead", { size: bytes(found.size_bytes) })}
        action={
          <IconButton label={t("databases.overview.again")} busy={health.isFetching} onClick={() => void health.refetch()}>
            {!health.isFetching && <RefreshCw className="size-3.5" />}
          </IconButton>
        }
      >
        <Tables tables={found.tables} growth={growth} />
      </Part>
      <Part title={t("databases.overview.unindexed")} lead={t("databases.overview.unindexedLead")} none={found.unindexed_keys.length === 0}>
        <Table
          label={t("databases.overview.unindexed")}
          head={[t("databases.overview.table"), t("databases.overview.key"), t("databases.overview.columns"), t("databases.overview.rows")]}
          numbers={[3]}
          rows={found.unindexed_keys.map((one) => ({
            key: `${one.schema_name}.${one.table}.${one.name}`,
            cells: [<TableLink schema={one.schema_name} name={one.table} />, <Name text={one.name} className="font-mono" />, <Name text={one.columns.join(", ")} className="font-mono" />, one.rows < 0 ? "–" : number(one.rows)],
          }))}
        />
      </Part>
      <Part title={t("databases.overview.duplicates")} lead={t("databases.overview.duplicatesLead")} none={found.duplicate_indexes.length === 0}>
        <Indexes label={t("databases.overview.duplicates")} indexes={found.duplicate_indexes} like />
      </Part>
      <Part title={t("databases.overview.unused")} lead={t("databases.overview.unusedLead")} none={found.unused_indexes.length === 0}>
        <Indexes label={t("databases.overview.unused")} indexes={found.unused_indexes} />
      </Part>
      <Part title={t("databases.overview.statements")} lead={found.statements ? t("databases.overview.statementsLead") : t(found.statements_available ? "databases.overview.statementsEnable" : "databases.overview.statementsMissing")} none={found.statements?.length === 0}>
        {found.statements && (
          <Table
            label={t("databases.overview.statements")}
            head={[t("databases.overview.statement"), t("databases.overview.calls"), t("databases.overview.total"), t("databases.overview.mean"), t("databases.overview.rows")]}
            numbers={[1, 2, 3, 4]}
            rows={found.statements.map((one, at) => ({
              key: `${one.id} ${at}`,
              cells: [
                one.query === null ? <span className="text-muted">{t("databases.hiddenQuery")}</span> : <code className="line-clamp-3 text-[12px] break-words whitespace-pre-wrap" title={one.query}>{one.query}</code>,
                number(one.calls),
                duration(one.total_ms),
                duration(one.mean_ms),
                number(one.rows),
              ],
            }))}
          />
        )}
      </Part>
    </>
  );
}

interface PartProps {
  title: string;
  lead: string;
  none?: boolean;
  action?: ReactNode;
  children: ReactNode;
}

function Part({ title, lead, none = false, action, children }: PartProps) {
  const { t } = useLanguage();
  return (
    <section aria-label={title} className="border-t border-line py-3">
      <div className="flex items-start gap-3 px-4 pb-2">
        <div className="min-w-0 flex-1">
          <h2 className="font-semibold">{title}</h2>
          <p className="text-sm whitespace-pre-line text-muted">{none ? t("databases.overview.none") : lead}</p>
        </div>
        {action}
      </div>
      {!none && children}
    </section>
  );
}

function TableLink({ schema, name }: { schema: string; name: string }) {
  const ways = useContext(WaysContext);
  return (
    <Link to={ways.table(schema, name)} className="font-mono text-[12.5px] text-accent-text hover:underline">
      {schema !== "public" && (
        <>
          <Name text={schema} />.
        </>
      )}
      <Name text={name} />
    </Link>
  );
}

function Indexes({ label, indexes, like = false }: { label: string; indexes: OverviewHealth["unused_indexes"]; like?: boolean }) {
  const { t, bytes } = useLanguage();
  const head = [t("databases.overview.index"), t("databases.overview.table"), ...(like ? [t("databases.overview.like")] : []), t("databases.overview.size")];
  return (
    <Table
      label={label}
      head={head}
      numbers={[head.length - 1]}
      rows={indexes.map((one) => ({
        key: `${one.schema_name}.${one.index}`,
        cells: [<Name text={one.index} className="font-mono" />, <TableLink schema={one.schema_name} name={one.table} />, ...(like ? [<Name text={one.like ?? ""} className="font-mono" />] : []), bytes(one.bytes)],
      }))}
    />
  );
}

function Tables({ tables, growth }: { tables: OverviewHealth["tables"]; growth: TableGrowth[] }) {
  const { t, number, bytes } = useLanguage();
  const before = new Map(growth.map((one) => [`${one.schema_name}.${one.table}`, one]));
  const largest = Math.max(1, ...tables.map((one) => one.bytes + one.index_bytes));
  return (
    <Table
      label={t("databases.overview.tables")}
      head={[t("databases.overview.table"), t("databases.overview.size"), "", t("databases.overview.grown"), t("databases.overview.rows"), t("databases.overview.dead"), t("databases.overview.bloat"), t("databases.overview.vacuumed"), t("databases.overview.analyzed")]}
      numbers={[1, 3, 4, 5, 6]}
      rows={tables.map((one) => {
        const size = one.bytes + one.index_bytes;
        const grown = before.get(`${one.schema_name}.${one.table}`);
        const dead = one.dead !== null && one.live !== null && one.dead + one.live > 0 ? one.dead / (one.dead + one.live) : null;
        const bloated = one.bloat_bytes !== null && one.bloat_bytes > BLOAT_BYTES && one.bloat_bytes > one.bytes * BLOAT_SHARE;
        return {
          key: `${one.schema_name}.${one.table}`,
          cells: [
            <TableLink schema={one.schema_name} name={one.table} />,
            bytes(size),
            <span aria-hidden className="mt-1.5 block h-1.5 w-24 overflow-hidden rounded-full bg-hover">
              <span className="block h-full rounded-full bg-accent" style={{ width: `${(size / largest) * 100}%` }} />
            </span>,
            grown?.before_bytes == null || grown.bytes === grown.before_bytes ? <span className="text-muted">–</span> : `${grown.bytes > grown.before_bytes ? "+" : "−"}${bytes(Math.abs(grown.bytes - grown.before_bytes))}`,
            one.rows < 0 ? <span className="text-muted">–</span> : number(one.rows),
            dead === null ? <span className="text-muted">–</span> : <span className={dead > BLOAT_SHARE && (one.dead ?? 0) > 1000 ? "text-pending" : undefined}>{number(one.dead ?? 0)} ({Math.round(dead * 100)} %)</span>,
            bloated ? <span className="text-pending">≈ {bytes(one.bloat_bytes ?? 0)}</span> : <span className="text-muted">–</span>,
            <Moment at={one.vacuumed_at} />,
            <Moment at={one.analyzed_at} />,
          ],
        };
      })}
    />
  );
}

function Moment({ at }: { at: number | null }) {
  const { t } = useLanguage();
  return <span className="whitespace-nowrap text-muted">{at === null ? t("databases.overview.never") : <Ago at={new Date(at * 1000).toISOString()} />}</span>;
}
