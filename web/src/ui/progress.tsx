import { cx } from "./cx";

interface ProgressProps {
  label: string;
  done: number;
  /** Unknown total: the bar moves without promising. */
  total: number | null;
  tone?: "running" | "applied" | "failed" | "neutral";
  className?: string;
}

const FILL = { running: "bg-running", applied: "bg-applied", failed: "bg-failed", neutral: "bg-line-strong" };

export function Progress({ label, done, total, tone = "running", className }: ProgressProps) {
  const share = total ? Math.min(1, done / total) : null;
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={total ?? undefined}
      aria-valuenow={total ? done : undefined}
      className={cx("h-0.75 w-full overflow-hidden rounded-full bg-neutral-soft", className)}
    >
      <div
        className={cx("h-full transition-[width] duration-150", FILL[tone], share === null && "shimmer")}
        style={{ width: share === null ? "100%" : `${share * 100}%` }}
      />
    </div>
  );
}
