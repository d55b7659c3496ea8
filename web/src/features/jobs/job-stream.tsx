/** Everything that happened, as it happens: virtualised, searchable, never jumping under the reader's eyes. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp, ArrowDownToLine, Download, Pause, Search, X } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import type { Job } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button, IconButton } from "@/ui/button";
import { cx } from "@/ui/cx";
import { TroubleNotice } from "@/ui/notice";
import { Toggles } from "@/ui/segmented";
import { Spinner } from "@/ui/spinner";
import { useKeys } from "@/ui/use-keys";
import { type Channel, type Feed, findLines, visibleLines } from "./feed";
import { useLog } from "./queries";
import { StreamLine } from "./stream-line";
import type { Connection } from "./use-feed";

interface JobStreamProps {
  job: Job;
  feed: Feed;
  live: boolean;
  connection: Connection;
  /** A line that the address or a step asks for. */
  wanted: { seq: number } | null;
}

const ALL: Channel[] = ["sql", "output", "notes"];
const NEAR_END = 40;

export function JobStream({ job, feed, live, connection, wanted }: JobStreamProps) {
  const { t, exact } = useLanguage();
  const trouble = useTrouble();
  const log = useLog(job);
  const [channels, setChannels] = useState<Channel[]>(ALL);
  const [following, setFollowing] = useState(live && !wanted);
  const [find, setFind] = useState<string | null>(null);
  const [at, setAt] = useState(0);
  const [lit, setLit] = useState<number | null>(wanted?.seq ?? null);
  const scroller = useRef<HTMLDivElement>(null);
  const findInput = useRef<HTMLInputElement>(null);

  const lines = useMemo(() => visibleLines(feed.lines, channels), [feed, channels]);
  const found = useMemo(() => (find === null ? [] : findLines(lines, find)), [lines, find]);
  const begin = job.started_at ? Date.parse(job.started_at) : (feed.lines[0]?.at ?? 0);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => 20 * Math.min(12, Math.max(1, Math.ceil((lines[index]?.text.length ?? 0) / 80))) + 2,
    getItemKey: (index) => lines[index]?.seq ?? index,
    overscan: 16,
  });

  useEffect(() => {
    if (following && lines.length > 0) virtual.scrollToIndex(lines.length - 1, { align: "end" });
    // The virtualizer is the same object at every drawing.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [following, lines.length, virtual.getTotalSize()]);

  /** The lit line is in the address, ready to be pasted. */
  const light = (seq: number) => {
    setLit(seq);
    history.replaceState(history.state, "", `#line-${seq}`);
  };
  const show = (index: number | undefined) => {
    const line = index === undefined ? undefined : lines[index];
    if (index === undefined || !line) return;
    setFollowing(false);
    light(line.seq);
    virtual.scrollToIndex(index, { align: "center" });
  };

  const reached = wanted ? lines.findIndex((line) => line.seq >= wanted.seq) : -1;
  useEffect(() => {
    if (wanted && reached !== -1) show(reached);
    // Only when another line is wanted, or when it has arrived.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [wanted, reached === -1]);

  const go = (by: number) => {
    if (found.length === 0) return;
    const next = (at + by + found.length) % found.length;
    setAt(next);
    show(found[next]);
  };
  const openFind = () => {
    setFind((before) => before ?? "");
    requestAnimationFrame(() => findInput.current?.focus());
  };
  useKeys({
    f: () => setFollowing((before) => !before),
    "/": (event) => {
      event.preventDefault();
      openFind();
    },
  });

  return (
    <section aria-label={t("jobs.stream")} data-connection={connection} className="flex min-h-0 min-w-0 flex-1 flex-col">
      <div className="flex min-h-9 shrink-0 flex-wrap items-center gap-x-2 gap-y-1 border-b border-line px-3 py-1">
        <Toggles
          label={t("jobs.channels")}
          value={channels}
          onChange={setChannels}
          options={[
            { value: "sql", label: "SQL" },
            { value: "output", label: t("jobs.channel.output") },
            { value: "notes", label: t("jobs.channel.notes") },
          ]}
        />
        <span className="flex-1" />
        {find === null ? (
          <Button variant="quiet" onClick={openFind}>
            <Search aria-hidden className="size-3.5" /> <span className="max-sm:sr-only">{t("jobs.find")}</span>
          </Button>
        ) : (
          <span className="flex items-center gap-1">
            <input
              ref={findInput}
              value={find}
              onChange={(event) => {
                setFind(event.target.value);
                setAt(0);
              }}
              onKeyDown={(event) => {
                if (event.key === "Enter") go(event.shiftKey ? -1 : find && lit === null ? 0 : 1);
                if (event.key === "Escape") setFind(null);
              }}
              aria-label={t("jobs.find")}
              placeholder={t("jobs.find")}
              className="h-6.5 w-36 rounded border border-line-strong bg-raised px-2 text-sm"
            />
            <span aria-live="polite" className="min-w-12 text-center text-xs text-muted tabular-nums">
              {found.length > 0 ? `${Math.min(at + 1, found.length)}/${found.length}` : "0"}
            </span>
            <IconButton size="small" label={t("jobs.findPrevious")} onClick={() => go(-1)}>
              <ArrowUp className="size-3.5" />
            </IconButton>
            <IconButton size="small" label={t("jobs.findNext")} onClick={() => go(1)}>
              <ArrowDown className="size-3.5" />
            </IconButton>
            <IconButton size="small" label={t("common.close")} onClick={() => setFind(null)}>
              <X className="size-3.5" />
            </IconButton>
          </span>
        )}
        {live && (
          <Button variant="quiet" aria-pressed={following} onClick={() => setFollowing(!following)} className={cx(following && "!text-accent-text")}>
            {following ? <Pause aria-hidden className="size-3.5" /> : <ArrowDownToLine aria-hidden className="size-3.5" />}
            <span className="max-sm:sr-only">{following ? t("jobs.following") : t("jobs.follow")}</span>
          </Button>
        )}
        <IconButton label={t("jobs.download")} disabled={log.isPending} onClick={() => log.mutate()}>
          {log.isPending ? <Spinner className="size-3.5" /> : <Download className="size-3.5" />}
        </IconButton>
      </div>
      {log.isError && <TroubleNotice className="m-2" trouble={trouble(log.error)} onRetry={() => log.mutate()} />}
      <div
        ref={scroller}
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={t("jobs.stream")}
        onWheel={(event) => event.deltaY < 0 && setFollowing(false)}
        onScroll={(event) => {
          const box = event.currentTarget;
          if (live && !following && box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END && find === null && !wanted) setFollowing(true);
        }}
        className="min-h-0 flex-1 overflow-auto py-1 font-mono text-[12px] leading-[18px] focus-visible:outline-offset-[-2px]"
      >
        {lines.length === 0 ? (
          <p className="px-4 py-3 font-sans text-sm text-muted">{job.log_removed_at ? t("jobs.logRemoved", { date: exact(job.log_removed_at) }) : live ? t("jobs.streamWaiting") : t("jobs.streamEmpty")}</p>
        ) : (
          <div className="relative" style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map((item) => {
              const line = lines[item.index];
              return (
                line && (
                  <div
                    key={item.key}
                    ref={virtual.measureElement}
                    data-index={item.index}
                    className="absolute inset-x-0 top-0"
                    style={{ transform: `translateY(${item.start}px)` }}
                  >
                    <StreamLine line={line} begin={begin} live={live} lit={line.seq === lit} found={find} onLink={() => light(line.seq)} />
                  </div>
                )
              );
            })}
          </div>
        )}
      </div>
    </section>
  );
}
