import { ArrowDownToLine, ArrowUpToLine, GitCompareArrows, Lock, MoreHorizontal, RefreshCw, Stamp } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "react-router";
import type { CurrentEnvironment } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button, IconButton } from "@/ui/button";
import { Chip, type Tone } from "@/ui/chip";
import { cx } from "@/ui/cx";
import { Menu, MenuItem, MenuLabel, MenuSeparator } from "@/ui/menu";
import { Tooltip } from "@/ui/tooltip";
import { type DatabaseStanding, type EnvironmentStanding, type Graph, type MoveKind, pendingOn } from "./standing";
import type { MoveAsked } from "./queries";

export interface Status {
  tone: Tone;
  text: string;
  /** For the narrow column of a phone. */
  short: string;
  detail?: string;
}

/** The one thing about a database that matters most; several say the worst. */
export function useDatabaseStatus(graph: Graph): (one: DatabaseStanding) => Status {
  const { t, said } = useLanguage();
  return (one) => {
    const { database } = one;
    const job = database.job;
    if (job?.state === "running") {
      const total = job.total;
      return {
        tone: "running",
        text: total ? t("migrations.status.runningOf", { done: Math.min(job.done + 1, total), total }) : t("migrations.status.running"),
        short: "…",
      };
    }
    if (job) return { tone: "running", text: t("migrations.status.queued"), short: "…" };
    if (!database.trusted)
      return { tone: "failed", text: t("migrations.status.untrusted"), short: "!", detail: t("migrations.status.untrustedDetail") };
    if (database.read.state === "failed")
      return {
        tone: "failed",
        text: t("migrations.status.unreachable"),
        short: "!",
        detail: [database.read.error?.title, database.read.error?.detail, database.read.error?.fix].flatMap((text) => (text ? [said(text)] : [])).join("\n"),
      };
    if (database.unknown.length > 0)
      return {
        tone: "failed",
        text: t("migrations.status.unknown"),
        short: "?",
        detail: t("migrations.status.unknownDetail", { revisions: database.unknown.join(", ") }),
      };
    if (database.heads === null)
      return {
        tone: "neutral",
        text: database.read.state === "idle" ? t("migrations.status.never") : t("migrations.status.reading"),
        short: "–",
      };
    const behind = database.behind ?? pendingOn(graph, one);
    const heads = database.heads.length;
    const several = heads > graph.heads.length ? t("migrations.status.severalHeads", { count: heads }) : null;
    if (behind > 0 || several)
      return {
        tone: "pending",
        text: [behind > 0 && t("migrations.status.behind", { count: behind }), several].filter(Boolean).join(" · "),
        short: `−${behind}`,
      };
    return { tone: "applied", text: t("migrations.status.atHead"), short: "✓" };
  };
}

const ORDER: Tone[] = ["failed", "running", "pending", "neutral", "applied", "accent"];

export function worst(statuses: Status[]): Status | undefined {
  return [...statuses].sort((a, b) => ORDER.indexOf(a.tone) - ORDER.indexOf(b.tone))[0];
}

interface ColumnHeadProps {
  graph: Graph;
  standing: EnvironmentStanding;
  narrow: boolean;
  compact: boolean;
  whyNot: (kind: MoveKind, environment: CurrentEnvironment, one?: DatabaseStanding) => string | null;
  onMove: (move: MoveAsked) => void;
  onRead: (environment: string, database: string) => void;
  compareAddress: (database: string) => string;
  emptyLink: ReactNode;
}

export function ColumnHead({ graph, standing, narrow, compact, whyNot, onMove, onRead, compareAddress, emptyLink }: ColumnHeadProps) {
  const { t } = useLanguage();
  const statusOf = useDatabaseStatus(graph);
  const { environment, databases } = standing;
  const status = worst(databases.map(statusOf));
  const [only] = databases.length === 1 ? databases : [];
  const target = graph.heads.length > 1 ? "heads" : "head";
  const behind = databases.some((one) => one.database.heads === null || pendingOn(graph, one) > 0);
  const ask = (kind: MoveKind, revision: string, one?: DatabaseStanding) =>
    onMove({ kind, environment: environment.slug, database: one?.database.id ?? null, revision });
  const chip = status && (
    <Chip tone={status.tone} className="max-w-full" title={status.text}>
      <span className="truncate">{narrow ? status.short : status.text}</span>
    </Chip>
  );
  const why = whyNot("upgrade", environment, only);
  return (
    <div role="columnheader" className={cx("flex min-w-0 flex-col gap-1.5 border-l border-line", narrow ? "items-center px-0.5 py-2" : compact ? "px-2.5 py-2.5" : "px-3 py-2.5")}>
      <div className="flex w-full min-w-0 items-center gap-1">
        {!narrow && (
          <span className="min-w-0 truncate font-semibold" title={environment.name}>
            {environment.name}
          </span>
        )}
        {!narrow && environment.protected && <Lock aria-label={t("migrations.protected")} className="size-3 shrink-0 text-muted" />}
        {databases.length > 0 && (
          <span className={narrow ? "w-full min-w-0" : "ml-auto"}>
            <Menu
              label={environment.name}
              trigger={
                narrow ? (
                  // No room for a button beside it: the name is the button.
                  <button
                    type="button"
                    aria-label={t("migrations.column.menu", { environment: environment.name })}
                    className="h-7 w-full truncate rounded text-xs font-semibold hover:bg-hover"
                  >
                    {environment.name}
                  </button>
                ) : (
                  <IconButton size="small" label={t("migrations.column.menu", { environment: environment.name })} className="-mr-1.5">
                    <MoreHorizontal className="size-3.5" />
                  </IconButton>
                )
              }
            >
              {databases.map((one) => (
                <div key={one.database.id}>
                  <MenuLabel>
                    {one.database.name} · {statusOf(one).text}
                  </MenuLabel>
                  <MenuItem icon={<ArrowUpToLine className="size-3.5" />} disabled={whyNot("upgrade", environment, one) !== null} onSelect={() => ask("upgrade", target, one)}>
                    {t("migrations.upgradeToHead")}
                  </MenuItem>
                  <MenuItem
                    icon={<ArrowDownToLine className="size-3.5" />}
                    disabled={whyNot("downgrade", environment, one) !== null || one.applied.size === 0}
                    onSelect={() => ask("downgrade", "base", one)}
                  >
                    {t("migrations.downgradeToBase")}
                  </MenuItem>
                  <MenuItem icon={<Stamp className="size-3.5" />} disabled={whyNot("stamp", environment, one) !== null} onSelect={() => ask("stamp", target, one)}>
                    {t("migrations.stampHead")}
                  </MenuItem>
                  <MenuItem icon={<RefreshCw className="size-3.5" />} onSelect={() => onRead(environment.slug, one.database.id)}>
                    {t("migrations.readAgain")}
                  </MenuItem>
                  <MenuItem asChild>
                    <Link to={compareAddress(one.database.id)}>
                      <GitCompareArrows aria-hidden className="size-3.5" /> {t("migrations.compareSchema")}
                    </Link>
                  </MenuItem>
                  {databases.length > 1 && <MenuSeparator />}
                </div>
              ))}
            </Menu>
          </span>
        )}
      </div>
      {databases.length === 0 ? (
        <span className="max-w-full truncate text-xs text-muted">{narrow ? environment.name : emptyLink}</span>
      ) : status?.detail ? (
        <Tooltip text={<span className="whitespace-pre-line">{status.detail}</span>}>
          <button type="button" aria-label={`${status.text}. ${status.detail}`} className="max-w-full self-start">
            {chip}
          </button>
        </Tooltip>
      ) : (
        <span className="flex max-w-full">{chip}</span>
      )}
      {!narrow &&
        databases.length > 0 &&
        (behind ? (
          <Button
            size="small"
            why={why}
            aria-label={t("migrations.upgradeEnvironment", { environment: environment.name })}
            onClick={() => ask("upgrade", target, only)}
            className="self-start"
          >
            <ArrowUpToLine aria-hidden className="size-3" /> {compact ? t("migrations.do.upgrade") : t("migrations.upgradeToHead")}
          </Button>
        ) : (
          <span className="h-6" />
        ))}
    </div>
  );
}
