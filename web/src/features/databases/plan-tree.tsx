import { useMemo } from "react";
import { useLanguage } from "@/i18n";
import { Chip } from "@/ui/chip";
import { cx } from "@/ui/cx";
import { Name } from "@/ui/name";
import { planNodes } from "./plan";

/** A plan from the top down; the bar is each node's own share of the whole. */
export function PlanTree({ plan }: { plan: Record<string, unknown> }) {
  const { t, number, duration } = useLanguage();
  const nodes = useMemo(() => planNodes(plan), [plan]);
  const planning = plan["Planning Time"];
  const execution = plan["Execution Time"];
  return (
    <div className="h-full overflow-auto" tabIndex={0} role="region" aria-label={t("databases.plan")}>
      {(typeof execution === "number" || typeof planning === "number") && (
        <p className="px-4 py-2 text-xs text-muted">
          {[
            typeof planning === "number" && t("databases.planning", { time: duration(planning) }),
            typeof execution === "number" && t("databases.execution", { time: duration(execution) }),
          ]
            .filter(Boolean)
            .join(" · ")}
        </p>
      )}
      <ul aria-label={t("databases.plan")}>
        {nodes.map((node, at) => (
          <li key={at} className="border-b border-line py-1.5 pr-4" style={{ paddingLeft: 16 + node.depth * 18 }}>
            <div className="flex flex-wrap items-center gap-x-3 gap-y-0.5 text-sm">
              <span className="font-medium">{node.title}</span>
              {node.on && <Name text={node.on} className="font-mono text-[12.5px]" />}
              {node.off !== null && (
                <Chip tone="pending" title={t("databases.offHint")}>
                  {t("databases.off", { times: number(Math.round(node.off)) })}
                </Chip>
              )}
              <span className="flex-1" />
              <span className="text-xs text-muted tabular-nums">
                {node.rows === null ? t("databases.estimatedRows", { count: node.estimated }) : t("databases.realRows", { count: node.rows, estimated: number(node.estimated) })}
              </span>
              {node.buffers && <span className="text-xs text-muted tabular-nums">{t("databases.buffers", { hit: number(node.buffers.hit), read: number(node.buffers.read) })}</span>}
              <span className="w-20 text-right text-xs tabular-nums">{node.ms === null ? t("databases.cost", { cost: number(Math.round(node.cost)) }) : duration(node.ms)}</span>
              <span aria-hidden className="h-2 w-24 rounded-sm bg-neutral-soft">
                <span className={cx("block h-full rounded-sm", node.share > 0.5 ? "bg-failed" : node.share > 0.2 ? "bg-pending" : "bg-running")} style={{ width: `${node.share * 100}%` }} />
              </span>
            </div>
            {node.detail.map((line) => (
              <p key={line} className="font-mono text-[11.5px] break-words text-muted">
                {line}
              </p>
            ))}
          </li>
        ))}
      </ul>
    </div>
  );
}
