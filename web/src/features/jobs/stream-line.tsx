import { memo, type ReactNode } from "react";
import { useLanguage } from "@/i18n";
import { clock, stamp } from "@/i18n/format";
import { cx } from "@/ui/cx";
import { useNow } from "@/ui/use-now";
import type { Part } from "./ansi";
import type { Line } from "./feed";
import { useStepTitle } from "./state";

interface StreamLineProps {
  line: Line;
  begin: number;
  live: boolean;
  lit: boolean;
  found: string | null;
  onLink: () => void;
}

function Marked({ text, found }: { text: string; found: string | null }): ReactNode {
  if (!found) return text;
  const parts: ReactNode[] = [];
  const small = text.toLowerCase();
  const wanted = found.toLowerCase();
  let from = 0;
  for (let at = small.indexOf(wanted); at !== -1 && parts.length < 200; at = small.indexOf(wanted, from)) {
    parts.push(text.slice(from, at), <mark key={at} className="rounded-sm bg-pending text-bg">{text.slice(at, at + wanted.length)}</mark>);
    from = at + wanted.length;
  }
  parts.push(text.slice(from));
  return parts;
}

/** What is searched for is marked in plain text: a word may begin in one colour and end in another. */
function Coloured({ parts, text, found }: { parts: readonly Part[] | null; text: string; found: string | null }): ReactNode {
  if (parts === null || (found && text.toLowerCase().includes(found.toLowerCase()))) return <Marked text={text} found={found} />;
  return parts.map((part, index) => (part.look ? <span key={index} className={part.look}>{part.text}</span> : part.text));
}

function StatementEnd({ line, live }: { line: Line; live: boolean }) {
  const { t, duration } = useLanguage();
  const running = line.ended === null && live;
  const now = useNow(running ? 1_000 : null);
  if (running) return <span className="text-running">{t("jobs.running", { clock: clock(now - line.at) })}</span>;
  if (line.ended === null) return null;
  return (
    <span className={line.ended === "failed" ? "text-failed" : "text-muted"}>
      {line.rows !== null && line.rows > 0 && `${t("jobs.rows", { count: line.rows })} · `}
      {line.ms !== null && duration(line.ms)}
    </span>
  );
}

/** Notes that tell of trouble; the others are plain facts. */
const WARNINGS = new Set(["stopping", "lock_waiting", "connection_failed", "verify_failed", "event_rejected", "middle_begins", "middle_left_out", "stream_full"]);

const TRANSACTIONS = new Set(["begin", "commit", "rollback", "autocommit"]);

function Content({ line, found }: { line: Line; found: string | null }) {
  const { t, said } = useLanguage();
  const stepTitle = useStepTitle();
  const text = line.text;
  switch (line.kind) {
    case "statement":
      return (
        <>
          <span className="break-words whitespace-pre-wrap">
            <Marked text={text} found={found} />
          </span>
          {line.ended === "failed" && (
            <span className="mt-0.5 block text-failed">
              {line.code && `${line.code} `}
              <Marked text={line.title ?? ""} found={found} />
            </span>
          )}
        </>
      );
    case "transaction":
      return (
        <span className="text-muted">
          {TRANSACTIONS.has(text) ? (text === "autocommit" ? `-- ${t("jobs.autocommit")}` : text.toUpperCase()) : text}
        </span>
      );
    case "step":
      return <span className="font-sans text-sm font-semibold">{stepTitle(line.code, text)}</span>;
    case "error":
      return (
        <span className="my-1 block rounded bg-failed-soft px-2 py-1 font-sans text-sm whitespace-pre-wrap">
          <strong className="text-failed">{said(line.title ?? "")}</strong>
          {text && (
            <span className="block">
              <Marked text={text} found={found} />
            </span>
          )}
          {line.fix && (
            <span className="block">
              <span className="font-medium">{t("common.fix")}</span> {said(line.fix)}
            </span>
          )}
        </span>
      );
    case "note":
      return (
        <span className={cx("font-sans text-sm break-words whitespace-pre-wrap", WARNINGS.has(line.code ?? "") ? "text-pending" : "text-muted")}>
          <Marked text={text} found={found} />
        </span>
      );
    default:
      return (
        <span className={cx("break-words whitespace-pre-wrap", line.stream === "stderr" ? "text-text" : "text-muted")}>
          {text === "" ? " " : <Coloured parts={line.parts} text={text} found={found} />}
        </span>
      );
  }
}

export const StreamLine = memo(function StreamLine({ line, begin, live, lit, found, onLink }: StreamLineProps) {
  const { t } = useLanguage();
  return (
    <div
      className={cx(
        "group flex gap-3 px-3 py-px hover:bg-hover",
        line.kind === "step" && "pt-2.5",
        lit && "bg-selected",
        line.ended === "failed" && "bg-failed-soft/60",
      )}
    >
      {/* For the mouse; a line that was found by keyboard stands in the address too. */}
      <span
        onClick={onLink}
        title={t("jobs.linkToLine", { number: line.seq })}
        className="w-10 shrink-0 cursor-pointer text-right text-muted select-none hover:text-accent-text hover:underline max-sm:hidden"
      >
        {line.seq}
      </span>
      <span className="w-[4.6rem] shrink-0 text-muted select-none max-md:hidden">{stamp(line.at - begin)}</span>
      <span className="w-22 shrink-0 truncate text-accent-text select-none max-xl:hidden" title={line.file ? `${line.file}:${line.source ?? ""}` : undefined}>
        {line.revision?.slice(0, 8)}
        {line.source !== null && <span className="text-muted">:{line.source}</span>}
      </span>
      <div className="min-w-0 flex-1">
        <Content line={line} found={found} />
      </div>
      {line.kind === "statement" && (
        <span className="shrink-0 text-right whitespace-nowrap tabular-nums">
          <StatementEnd line={line} live={live} />
        </span>
      )}
    </div>
  );
});
