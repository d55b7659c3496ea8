import { CircleHelp, Info, OctagonAlert, TriangleAlert } from "lucide-react";
import { useLanguage } from "@/i18n";
import { Chip, type Tone } from "@/ui/chip";
import type { Level } from "./sum";

/** The shape says it, the colour and the word say it again. */
const LOOK: Record<Level, { icon: typeof Info; tone: Tone; ink: string }> = {
  danger: { icon: OctagonAlert, tone: "failed", ink: "text-failed" },
  warning: { icon: TriangleAlert, tone: "pending", ink: "text-pending" },
  unread: { icon: CircleHelp, tone: "neutral", ink: "text-muted" },
  note: { icon: Info, tone: "neutral", ink: "text-muted" },
};

export function LevelIcon({ level }: { level: Level }) {
  const { icon: Icon, ink } = LOOK[level];
  return <Icon aria-hidden className={`size-3.5 shrink-0 ${ink}`} />;
}

export function LevelChip({ level, count }: { level: Level; count?: number }) {
  const { t } = useLanguage();
  const { icon: Icon, tone } = LOOK[level];
  return (
    <Chip tone={tone}>
      <Icon aria-hidden className="size-3 shrink-0" />
      <span className={count === undefined ? undefined : "max-sm:sr-only"}>{t(`findings.severity.${level}`)}</span>
      {count !== undefined && <span className="tabular-nums">{count}</span>}
    </Chip>
  );
}
