import { ArrowDown, ArrowUp, RotateCw, Stamp } from "lucide-react";
import { type ReactNode, useState } from "react";
import { requestOf } from "@/api/problem";
import { useTrouble } from "@/api/use-trouble";
import type { CurrentEnvironment, Job, Plan } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Chip } from "@/ui/chip";
import { CopyButton } from "@/ui/copy-button";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Select } from "@/ui/field";
import { Notice, TroubleNotice } from "@/ui/notice";
import { Skeleton } from "@/ui/states";
import { ConditionsView, PLAIN, wayOf } from "./conditions";
import { isOutdated, type MoveAsked, usePlan, useStart } from "./queries";

interface MoveDialogProps {
  project: string;
  move: MoveAsked;
  environment: CurrentEnvironment;
  onChange: (move: MoveAsked) => void;
  onClose: () => void;
  onStarted: (job: Job) => void;
  /** It was asked for instead, and waits for others. */
  onAsked: (request: string) => void;
  requestLink: (request: string, label: string) => ReactNode;
  checks: PlanChecks;
}

/** Draws the steps with what may hurt in them, which comes later than the plan and holds nothing up. */
export type PlanChecks = (plan: string, steps: (markOf: (step: Step) => StepMark | null) => ReactNode) => ReactNode;

type Step = NonNullable<Plan["steps"]>[number];

interface StepMark {
  beside: ReactNode;
  below: ReactNode;
}

/** A long plan is summed up; nobody reads four hundred lines before pressing a button. */
const SHOWN = 60;

/** What will run, on which database, and the last word of the person. */
export function MoveDialog({ project, move, environment, onChange, onClose, onStarted, onAsked, requestLink, checks }: MoveDialogProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const chosen = move.database ?? (environment.databases.length === 1 ? (environment.databases[0]?.id ?? null) : null);
  const asked = { ...move, database: chosen ?? environment.databases[0]?.id ?? null };
  const plan = usePlan(project, asked);
  const start = useStart(move.kind);
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const count = plan.data?.steps?.length ?? 0;
  const nameMissing = environment.protected && typed.trim() !== environment.name;
  const reasonMissing = move.kind === "stamp" && !reason.trim();
  const nothing = Boolean(plan.data?.nothing && move.kind !== "stamp" && !plan.data.bootstrap);
  const outdated = isOutdated(start.error);
  const [passage, setPassage] = useState(PLAIN);
  const conditions = plan.data?.conditions ?? null;
  const way = nothing ? "start" : wayOf(conditions, passage);

  const again = () => {
    start.reset();
    void plan.refetch();
  };

  const submit = (event: { preventDefault: () => void }) => {
    event.preventDefault();
    if (nameMissing || reasonMissing || nothing || outdated || way === "closed" || !plan.data || start.isPending) return;
    start.mutate(
      {
        project,
        environment: move.environment,
        database: asked.database,
        plan: plan.data.id,
        ...(move.kind === "stamp" || (way === "ask" && reason.trim()) ? { reason } : {}),
        // A plan is one job: a double click, or a retry after a lost answer, gets that job again.
        idempotency_key: plan.data.id,
        ...(way === "override" ? { override: passage.reason.trim() } : {}),
      },
      {
        onSuccess: onStarted,
        onError: (error) => {
          const request = requestOf(error);
          if (request) onAsked(request);
        },
      },
    );
  };
  const verb = { upgrade: t("migrations.do.upgrade"), downgrade: t("migrations.do.downgrade"), stamp: t("migrations.do.stamp") }[move.kind];
  const target = move.revision.length > 14 ? move.revision.slice(0, 12) : move.revision;
  return (
    <Dialog
      open
      onClose={onClose}
      title={t(`migrations.title.${move.kind}`, { environment: environment.name, revision: target })}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button
            type="submit"
            form="move"
            variant={move.kind === "upgrade" && way !== "override" ? "primary" : "danger-primary"}
            busy={start.isPending}
            disabled={!plan.data || plan.isFetching || nothing || outdated || nameMissing || reasonMissing || way === "closed"}
          >
            {way === "ask" ? t("migrations.conditions.ask") : move.kind !== "stamp" && count > 0 ? `${verb} · ${t("migrations.revisions", { count })}` : verb}
          </Button>
        </>
      }
    >
      <form id="move" onSubmit={submit} className="flex flex-col gap-3">
        {environment.databases.length > 1 && (
          <Field label={t("migrations.database")}>
            <Select value={asked.database ?? ""} onChange={(event) => onChange({ ...move, database: event.target.value })}>
              {environment.databases.map((database) => (
                <option key={database.id} value={database.id}>
                  {database.name}
                </option>
              ))}
            </Select>
          </Field>
        )}
        {move.kind === "downgrade" && <Notice kind="warning">{t("migrations.warn.downgrade")}</Notice>}
        {move.kind === "stamp" && <Notice kind="warning">{t("migrations.warn.stamp")}</Notice>}
        {plan.isError ? (
          <TroubleNotice trouble={trouble(plan.error)} onRetry={() => void plan.refetch()} />
        ) : plan.data && !plan.isFetching ? (
          <Planned plan={plan.data} checks={checks} />
        ) : (
          <div className="flex flex-col gap-2" role="status" aria-label={t("common.loading")}>
            <Skeleton className="h-4 w-1/2" />
            <Skeleton className="h-7 w-full" />
            <Skeleton className="h-7 w-full" />
          </div>
        )}
        {conditions && !nothing && !plan.isFetching && <ConditionsView conditions={conditions} passage={passage} onChange={setPassage} requestLink={requestLink} />}
        {move.kind !== "stamp" && way === "ask" && (
          <Field label={t("migrations.conditions.reason")} optional={t("common.optional")}>
            <Input name="reason" value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
          </Field>
        )}
        {move.kind === "stamp" && (
          <Field label={t("migrations.reason")} hint={t("migrations.reasonHint")}>
            <Input data-autofocus name="reason" value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
          </Field>
        )}
        {environment.protected && !nothing && (
          <Field label={t("migrations.typeName", { environment: environment.name })} hint={t("migrations.typeNameHint")}>
            <Input mono data-autofocus={move.kind !== "stamp" || undefined} name="environment" value={typed} onChange={(event) => setTyped(event.target.value)} autoComplete="off" />
          </Field>
        )}
        {start.isError && requestOf(start.error) === null && <TroubleNotice trouble={trouble(start.error)} />}
        {outdated && (
          <Button onClick={again} className="self-start">
            <RotateCw aria-hidden className="size-3.5" /> {t("migrations.planAgain")}
          </Button>
        )}
      </form>
    </Dialog>
  );
}

function Planned({ plan, checks }: { plan: Plan; checks: PlanChecks }) {
  const { t, rich, ago } = useLanguage();
  const place = (heads: string[]) => <code className="text-xs text-text">{heads.join(", ") || "base"}</code>;
  const database = <strong className="font-medium text-text">{plan.database.name}</strong>;
  return (
    <>
      <p className="text-sm text-muted">
        {plan.heads_after && !plan.nothing
          ? rich("migrations.goesTo", { database, heads: place(plan.heads), after: place(plan.heads_after) })
          : rich("migrations.standsAt", { database, heads: place(plan.heads) })}
      </p>
      {plan.chosen && (
        <Notice kind="warning" title={rich("migrations.chosenCommit", { commit: <code className="text-xs">{plan.chosen.sha.slice(0, 8)}</code> })}>
          <p>{t("migrations.chosenCommitWhat", { subject: plan.chosen.subject, author: plan.chosen.author, when: ago(plan.chosen.authored_at) })}</p>
          <p className="mt-1">{t("migrations.chosenCommitWhy")}</p>
        </Notice>
      )}
      {plan.bootstrap && <Notice>{t("migrations.bootstrap")}</Notice>}
      {plan.steps === null ? (
        <Notice>{plan.command ? rich("migrations.byCommand", { command: <code className="text-xs">{plan.command.join(" ")}</code> }) : t("migrations.byAlembic")}</Notice>
      ) : plan.steps.length === 0 ? (
        plan.kind !== "stamp" && !plan.bootstrap && <Notice kind="success">{t("migrations.nothing")}</Notice>
      ) : (
        <CheckedSteps plan={plan} checks={checks} />
      )}
      <p className="flex items-center gap-1.5 text-xs text-muted">
        {rich("migrations.planOf", { commit: <code>{plan.commit.slice(0, 8)}</code>, digest: <code>{plan.digest.slice(0, 12)}</code> })}
        <CopyButton text={plan.digest} />
      </p>
    </>
  );
}

const DIRECTIONS = { upgrade: ArrowUp, downgrade: ArrowDown, stamp: Stamp };

/** A stamp runs nothing that could hurt. */
function CheckedSteps({ plan, checks }: { plan: Plan; checks: PlanChecks }) {
  const steps = plan.steps ?? [];
  if (plan.kind === "stamp") return <PlannedSteps steps={steps} markOf={() => null} />;
  return checks(plan.id, (markOf) => <PlannedSteps steps={steps} markOf={markOf} />);
}

function PlannedSteps({ steps, markOf }: { steps: Step[]; markOf: (step: Step) => StepMark | null }) {
  const { t } = useLanguage();
  return (
    <ol className="max-h-72 overflow-y-auto rounded-md border border-line" aria-label={t("migrations.steps")} tabIndex={0}>
      {steps.slice(0, SHOWN).map((step, index) => {
        const Direction = DIRECTIONS[step.direction];
        const mark = markOf(step);
        return (
          <li key={`${step.revision}-${index}`} className="border-b border-line last:border-b-0">
            <div className="flex h-7.5 items-center gap-2.5 px-2.5">
              <span className="w-5 shrink-0 text-right text-xs text-muted tabular-nums">{index + 1}</span>
              <Direction aria-label={t(`migrations.do.${step.direction}`)} className="size-3.5 shrink-0 text-muted" />
              <code className="w-20 shrink-0 truncate text-xs text-muted">{step.revision.slice(0, 10)}</code>
              <span className="min-w-0 truncate">{step.message}</span>
              {mark?.beside}
            </div>
            {mark?.below}
          </li>
        );
      })}
      {steps.length > SHOWN && (
        <li className="px-2.5 py-1.5 text-sm text-muted">
          <Chip>{t("migrations.moreSteps", { count: steps.length - SHOWN })}</Chip>
        </li>
      )}
    </ol>
  );
}
