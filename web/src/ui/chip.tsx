import type { ReactNode } from "react";
import { cx } from "./cx";

export type Tone = "applied" | "pending" | "running" | "failed" | "neutral" | "accent";

const TONES: Record<Tone, string> = {
  applied: "bg-applied-soft text-applied",
  pending: "bg-pending-soft text-pending",
  running: "bg-running-soft text-running",
  failed: "bg-failed-soft text-failed",
  neutral: "bg-neutral-soft text-muted",
  accent: "bg-selected text-accent-text",
};

export function Chip({ tone = "neutral", children, className, title }: { tone?: Tone; children: ReactNode; className?: string; title?: string }) {
  return (
    <span
      title={title}
      className={cx("inline-flex h-4.5 shrink-0 items-center gap-1 rounded px-1.5 text-xs font-medium whitespace-nowrap", TONES[tone], className)}
    >
      {children}
    </span>
  );
}

/** The mark of a branch pointer: an opaque tag, as in git. */
export function PointerTag({ children, title }: { children: ReactNode; title?: string }) {
  return (
    <span title={title} className="inline-flex h-4 shrink-0 items-center whitespace-nowrap rounded-[3px] bg-pointer px-1 font-mono text-[10px] font-semibold text-on-pointer">
      {children}
    </span>
  );
}
