/** The overview of a database: what moves, how it was before, what has grown, and what could be better. */
import type { OverviewHistory, OverviewLive } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Chip } from "@/ui/chip";
import { Name } from "@/ui/name";
import { TroubleNotice } from "@/ui/notice";
import { Segmented } from "@/ui/segmented";
import { Spark, type SparkPoint } from "@/ui/spark";
import { Failed, SkeletonRows } from "@/ui/states";
import { useSearch } from "@/ui/use-search";
import { HealthView } from "./health-view";
import { SPANS, type Span, useLive, useSamples } from "./overview-queries";
import type { Place } from "./queries";
import { cacheShare, series, transactionsPerSecond } from "./rates";

/** From here on freezing is near enough to be said in colour. */
const FREEZE_NEAR = 0.9;
const LONG_TRANSACTION_S = 300;

export function OverviewView({ place }: { place: Place }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const [search, change] = useSearch();
  const live = useLive(place);
  const span = (Object.keys(SPANS) as Span[]).find((one) => one === search.get("span")) ?? "day";
  const samples = useSamples(place, span);
  return (
    <div className="h-full overflow-auto">
      {live.isError && (live.data ? <TroubleNotice className="m-4 mb-0" trouble={trouble(live.error)} onRetry={() => void live.refetch()} /> : <Failed trouble={trouble(live.error)} onRetry={() => void live.refetch()} />)}
      {live.data ? <Live answers={live.data} /> : !live.isError && <SkeletonRows rows={4} />}
      <section className="border-t border-line px-4 py-3" aria-labelledby="over-time">
        <div className="flex flex-wrap items-center gap-3">
          <h2 id="over-time" className="min-w-0 flex-1 font-semibold">
            {t("databases.overview.overTime")}
          </h2>
          <Segmented
            label={t("databases.overview.span")}
            value={span}
            onChange={(next) => change({ span: next })}
            options={(Object.keys(SPANS) as Span[]).map((one) => ({ value: one, label: t(`databases.overview.spans.${one}`) }))}
          />
        </div>
        {samples.isError ? <TroubleNotice className="mt-3" trouble={trouble(samples.error)} onRetry={() => void samples.refetch()} /> : samples.data && <OverTime history={samples.data} />}
      </section>
      <HealthView place={place} growth={samples.data?.tables ?? []} />
    </div>
  );
}

function Fact({ label, value, aside, tone }: { label: string; value: string; aside?: React.ReactNode; tone?: "pending" | "failed" | undefined }) {
  return (
    <div className="min-w-0 border-l border-line px-4 first:border-l-0 first:pl-0 max-sm:border-l-0 max-sm:px-0">
      <dt className="truncate text-xs text-muted">{label}</dt>
      <dd className={tone === "failed" ? "text-lg font-semibold text-failed tabular-nums" : tone === "pending" ? "text-lg font-semibold text-pending tabular-nums" : "text-lg font-semibold tabular-nums"}>{value}</dd>
      {aside && <dd className="truncate text-xs text-muted">{aside}</dd>}
    </div>
  );
}

const counted = (one: OverviewLive) => ({ ...one, at: one.at * 1000 });

function Live({ answers }: { answers: OverviewLive[] }) {
  const { t, number, duration } = useLanguage();
  const now = answers.at(-1);
  if (!now) return null;
  const before = answers.at(-2);
  const rate = transactionsPerSecond(before && counted(before), counted(now));
  const share = cacheShare(undefined, counted(now));
  const active = now.sessions.find((one) => one.state === "active")?.count ?? 0;
  const waiting = now.sessions.reduce((sum, one) => sum + one.waiting, 0);
  const oldest = Math.max(0, ...now.sessions.map((one) => one.oldest_s ?? 0));
  const lag = now.replica ? now.behind_s : now.replicas.reduce<number | null>((most, one) => (one.lag_s === null ? most : Math.max(most ?? 0, one.lag_s)), null);
  const freezing = now.frozen_age / now.freeze_at;
  return (
    <section aria-label={t("databases.overview.now")} className="px-4 py-3">
      <dl className="grid grid-cols-2 gap-y-3 sm:grid-cols-3 xl:grid-cols-6">
        <Fact label={t("databases.overview.connections")} value={`${number(now.connections)} / ${number(now.most_connections)}`} aside={t("databases.overview.activeAndWaiting", { active, waiting })} tone={now.connections > now.most_connections * 0.9 ? "failed" : undefined} />
        <Fact label={t("databases.overview.rate")} value={rate === null ? "…" : number(Math.round(rate * 10) / 10)} aside={t("databases.overview.deadlocks", { count: now.deadlocks })} />
        <Fact label={t("databases.overview.cache")} value={share === null ? "–" : `${number(Math.round(share * 1000) / 10)} %`} aside={t("databases.overview.sinceReset")} />
        <Fact label={t("databases.overview.oldest")} value={oldest > 0 ? duration(oldest * 1000) : "–"} tone={oldest > LONG_TRANSACTION_S ? "pending" : undefined} aside={oldest > LONG_TRANSACTION_S ? t("databases.overview.oldestHint") : null} />
        <Fact
          label={t("databases.overview.lag")}
          value={lag === null ? "–" : duration(lag * 1000)}
          aside={now.replica ? t("databases.overview.isReplica") : t("databases.overview.replicas", { count: now.replicas.length })}
        />
        <Fact label={t("databases.overview.freezing")} value={`${number(Math.round(freezing * 100))} %`} aside={t("databases.overview.freezingHint", { count: now.frozen_age })} tone={freezing > FREEZE_NEAR ? "failed" : undefined} />
      </dl>
      <ul className="mt-3 flex flex-wrap gap-1.5" aria-label={t("databases.overview.states")}>
        {now.sessions.map((one) => (
          <li key={one.state}>
            <Chip tone={one.state === "active" ? "running" : one.state.includes("aborted") ? "failed" : one.state.includes("transaction") ? "pending" : "neutral"}>
              {one.state === "hidden" ? t("databases.overview.hidden") : one.state} {number(one.count)}
            </Chip>
          </li>
        ))}
        {!now.autovacuum && (
          <li>
            <Chip tone="failed">{t("databases.overview.noAutovacuum")}</Chip>
          </li>
        )}
        {now.vacuums.map((one) => (
          <li key={`${one.schema_name}.${one.table}`}>
            <Chip tone="running">
              {t("databases.overview.vacuums")} <Name text={one.table} /> {one.total > 0 && `${Math.round((one.done / one.total) * 100)} %`}
            </Chip>
          </li>
        ))}
        {now.slots.filter((one) => !one.active).map((one) => (
          <li key={one.name}>
            <SlotChip name={one.name} kept={one.kept_bytes} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function SlotChip({ name, kept }: { name: string; kept: number | null }) {
  const { t, bytes } = useLanguage();
  return (
    <Chip tone="failed" title={t("databases.overview.slotHint")}>
      {t("databases.overview.slot")} <Name text={name} /> {kept !== null && bytes(kept)}
    </Chip>
  );
}

function OverTime({ history }: { history: OverviewHistory }) {
  const { t, number, bytes, duration } = useLanguage();
  const samples = history.samples.map((one) => ({ ...one, at: Date.parse(one.at) }));
  if (samples.length < 2) return <p className="mt-2 text-sm text-muted">{t("databases.overview.noSamples")}</p>;
  const whole = (value: number) => number(Math.round(value * 10) / 10);
  const percent = (value: number) => `${number(Math.round(value * 1000) / 10)} %`;
  const charts: { name: "size" | "connections" | "rate" | "cache" | "dead" | "oldest" | "lag"; points: SparkPoint[]; say: (value: number) => string; from?: number }[] = [
    { name: "size", points: series(samples, (one) => one.size_bytes), say: bytes },
    { name: "connections", points: series(samples, (one) => one.connections), say: whole, from: 0 },
    { name: "rate", points: series(samples, (one, before) => transactionsPerSecond(before, one)), say: whole, from: 0 },
    { name: "cache", points: series(samples, (one, before) => (before ? cacheShare(before, one) : null)), say: percent },
    { name: "dead", points: series(samples, (one) => one.dead), say: whole, from: 0 },
    { name: "oldest", points: series(samples, (one) => (one.oldest_s ?? 0) * 1000), say: duration, from: 0 },
    { name: "lag", points: series(samples, (one) => (one.lag_s === null ? null : one.lag_s * 1000)), say: duration, from: 0 },
  ];
  return (
    <ul className="mt-3 grid gap-x-6 gap-y-4 sm:grid-cols-2 xl:grid-cols-3">
      {charts
        .filter((chart) => chart.points.some((point) => point.value !== null))
        .map(({ name, points, say, ...more }) => {
          const known = points.flatMap((point) => (point.value === null ? [] : [point.value]));
          const [least, most, last] = [Math.min(...known), Math.max(...known), known.at(-1) ?? 0].map(say) as [string, string, string];
          const title = t(`databases.overview.chart.${name}`);
          return (
            <li key={name}>
              <p className="flex items-baseline gap-2 text-sm">
                <span className="min-w-0 flex-1 truncate text-muted">{title}</span>
                <span className="font-medium tabular-nums">{last}</span>
              </p>
              <Spark label={t("databases.overview.chartLabel", { title, last, least, most })} points={points} {...more} />
              <p className="flex justify-between text-xs text-muted tabular-nums">
                <span>{t("databases.overview.least", { value: least })}</span>
                <span>{t("databases.overview.most", { value: most })}</span>
              </p>
            </li>
          );
        })}
    </ul>
  );
}
