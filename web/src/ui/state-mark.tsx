import { cx } from "./cx";

export type Mark = "applied" | "pending" | "running" | "failed" | "unknown" | "partial" | "stopped";

/** Meaning as a shape first and a colour second: disc, dashed ring, arc, cross, question, half disc, bar. */
export function StateMark({ mark, className }: { mark: Mark; className?: string }) {
  const look = cx("size-3 shrink-0", className);
  switch (mark) {
    case "applied":
      return (
        <svg aria-hidden viewBox="0 0 12 12" className={cx(look, "text-applied")}>
          <circle cx="6" cy="6" r="4" fill="currentColor" />
        </svg>
      );
    case "pending":
      return (
        <svg aria-hidden viewBox="0 0 12 12" className={cx(look, "text-pending")}>
          <circle cx="6" cy="6" r="3.6" fill="none" stroke="currentColor" strokeWidth="1.4" strokeDasharray="2.2 1.57" />
        </svg>
      );
    case "running":
      return (
        <svg aria-hidden viewBox="0 0 12 12" className={cx(look, "spins text-running")}>
          <circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" strokeOpacity="0.25" strokeWidth="1.8" />
          <path d="M6 1.8A4.2 4.2 0 0 1 10.2 6" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" />
        </svg>
      );
    case "failed":
      return (
        <svg aria-hidden viewBox="0 0 12 12" className={cx(look, "text-failed")}>
          <path d="M2.8 2.8l6.4 6.4M9.2 2.8L2.8 9.2" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />
        </svg>
      );
    case "partial":
      return (
        <svg aria-hidden viewBox="0 0 12 12" className={cx(look, "text-pending")}>
          <circle cx="6" cy="6" r="3.6" fill="none" stroke="currentColor" strokeWidth="1.4" />
          <path d="M6 2.4a3.6 3.6 0 0 1 0 7.2z" fill="currentColor" />
        </svg>
      );
    case "stopped":
      return (
        <svg aria-hidden viewBox="0 0 12 12" className={cx(look, "text-muted")}>
          <rect x="2.5" y="4.9" width="7" height="2.2" rx="1" fill="currentColor" />
        </svg>
      );
    case "unknown":
      return (
        <svg aria-hidden viewBox="0 0 12 12" className={cx(look, "text-muted")}>
          <circle cx="6" cy="6" r="1.4" fill="currentColor" />
        </svg>
      );
  }
}
