/** What stands between a plan and its job, and the way past it for those who may. */
import type { ReactNode } from "react";
import type { Conditions } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Checkbox, Field, TextArea } from "@/ui/field";
import { Notice } from "@/ui/notice";

/** The reason may not be shorter; the service says the same. */
const SHORTEST_REASON = 5;
const SHOWN = 5;

export interface Passage {
  overriding: boolean;
  reason: string;
}

export const PLAIN: Passage = { overriding: false, reason: "" };

export type Way = "start" | "ask" | "override" | "closed";

/** What pressing the button does: start it, ask others, start it in spite of all, or nothing. */
export function wayOf(conditions: Conditions | null, passage: Passage): Way {
  if (!conditions || conditions.unmet.length === 0) return "start";
  if (passage.overriding && conditions.may_override) return passage.reason.trim().length >= SHORTEST_REASON ? "override" : "closed";
  if (conditions.unmet.includes("predecessor")) return "closed";
  return conditions.approvals > 0 ? "ask" : "closed";
}

interface ConditionsViewProps {
  conditions: Conditions;
  passage: Passage;
  onChange: (passage: Passage) => void;
  requestLink: (request: string, label: string) => ReactNode;
}

export function ConditionsView({ conditions, passage, onChange, requestLink }: ConditionsViewProps) {
  const { t } = useLanguage();
  if (conditions.unmet.length === 0) return null;
  const waits = conditions.request && (conditions.request.state === "open" || conditions.request.state === "approved") ? conditions.request : null;
  return (
    <>
      {conditions.predecessor && conditions.predecessor.missing_count > 0 && <Missing predecessor={conditions.predecessor} />}
      {!conditions.opening.open && <Closed opening={conditions.opening} waits={conditions.approvals > 0} />}
      {conditions.approvals > 0 && (
        <Notice title={t("migrations.conditions.approvals", { count: conditions.approvals })} action={waits && requestLink(waits.id, t("migrations.conditions.toRequest"))}>
          <p>
            {conditions.approvers.length > 0
              ? t("approvals.mayApprove", { names: conditions.approvers.map((one) => one.name).join(", ") })
              : t("approvals.nobodyMay")}
          </p>
        </Notice>
      )}
      {conditions.may_override && (
        <Checkbox
          label={t("migrations.conditions.override")}
          hint={t("approvals.overrideHint")}
          checked={passage.overriding}
          onChange={(event) => onChange({ ...passage, overriding: event.target.checked })}
        />
      )}
      {passage.overriding && (
        <Field label={t("approvals.overrideReason")}>
          <TextArea rows={2} maxLength={1000} value={passage.reason} onChange={(event) => onChange({ ...passage, reason: event.target.value })} />
        </Field>
      )}
    </>
  );
}

function Closed({ opening, waits }: { opening: Conditions["opening"]; waits: boolean }) {
  const { t, exact } = useLanguage();
  const until = opening.until ? exact(opening.until) : null;
  return (
    <Notice kind="warning" title={t(`migrations.conditions.${opening.because ?? "window"}`)}>
      {opening.reason && <p>{opening.reason}</p>}
      <p>
        {until && (waits ? t("migrations.conditions.waitsUntil", { at: until }) : t("migrations.conditions.until", { at: until }))}
      </p>
    </Notice>
  );
}

function Missing({ predecessor }: { predecessor: NonNullable<Conditions["predecessor"]> }) {
  const { t } = useLanguage();
  const { environment, missing, missing_count: count } = predecessor;
  return (
    <Notice kind="warning" title={t("migrations.conditions.predecessor", { environment: environment.name })}>
      <ul className="mt-1">
        {missing.slice(0, SHOWN).map((one) => (
          <li key={`${one.revision} ${one.database}`}>
            {one.revision && <code className="text-xs">{one.revision.slice(0, 10)}</code>} {one.message} {one.database && <strong className="font-medium">{one.database}</strong>}
            {": "}
            {t(`migrations.missing.${one.reason}`)}
          </li>
        ))}
      </ul>
      {count > SHOWN && <p className="text-muted">{t("migrations.moreSteps", { count: count - SHOWN })}</p>}
    </Notice>
  );
}
