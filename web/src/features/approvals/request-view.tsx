import { ArrowDown, ArrowUp, Check, Stamp, X } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTrouble } from "@/api/use-trouble";
import type { ApprovalRequestDetail, Job } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Chip } from "@/ui/chip";
import { CopyButton } from "@/ui/copy-button";
import { Field, TextArea } from "@/ui/field";
import { Notice, TroubleNotice } from "@/ui/notice";
import { Ago } from "@/ui/time";
import { type Act, useDecide, useOverride } from "./queries";
import { given, isWaiting, RequestStateChip, useRequestTitle, useWhose } from "./state";

interface RequestViewProps {
  request: ApprovalRequestDetail;
  jobLink: (label: string) => ReactNode;
  onStarted: (job: Job) => void;
  /** Draws the plan's steps with what may hurt in them. */
  checks: (plan: string, steps: (markOf: (step: Step) => StepMark | null) => ReactNode) => ReactNode;
  /** The dangers of a plan, for whoever decides about it. */
  dangers: (plan: string) => ReactNode;
}

type Step = NonNullable<ApprovalRequestDetail["plan"]["steps"]>[number];

interface StepMark {
  beside: ReactNode;
  below: ReactNode;
}

/** What is asked for, who has decided, and the person's own word; in one column, so that a phone shows it too. */
export function RequestView({ request, jobLink, onStarted, checks, dangers }: RequestViewProps) {
  const title = useRequestTitle();
  return (
    <article className="mx-auto flex w-full max-w-3xl flex-col gap-5 px-4 py-4">
      <header className="flex flex-col gap-1.5">
        <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
          <h1 className="min-w-0 text-lg font-semibold tracking-tight break-words">{title(request)}</h1>
          <RequestStateChip request={request} />
        </div>
        <p className="text-sm text-muted">
          {request.project.name} · {request.database.name} · {request.actor.name}
          {request.actor.token && <> · {request.actor.token}</>} · <Ago at={request.asked_at} />
        </p>
        {request.reason && <blockquote className="border-l-2 border-line-strong pl-3 break-words">{request.reason}</blockquote>}
      </header>
      <Standing request={request} jobLink={jobLink} />
      {isWaiting(request) && request.kind !== "stamp" && dangers(request.plan_id)}
      {request.permissions.includes("job.approve") && <Decide request={request} />}
      <Decisions request={request} />
      <Steps request={request} checks={checks} />
      <Others request={request} onStarted={onStarted} />
    </article>
  );
}

/** Where the request stands, in a sentence; of one that came to nothing, why. */
function Standing({ request, jobLink }: { request: ApprovalRequestDetail; jobLink: RequestViewProps["jobLink"] }) {
  const { t, said, exact } = useLanguage();
  const whose = useWhose();
  const by = request.closed_by ?? "";
  if (request.job)
    return (
      <Notice kind="success" title={t("approvals.became", { number: request.job.number })} action={jobLink(t("approvals.toJob"))}>
        {request.state === "started" && by && given(request) < request.needed && <p>{t("approvals.overriddenBy", { name: by })}</p>}
      </Notice>
    );
  switch (request.state) {
    case "open":
      return (
        <Notice title={t("approvals.waitsFor", { count: request.needed, whose: whose(request) })}>
          <p>
            {request.approvers.length > 0
              ? t("approvals.mayApprove", { names: request.approvers.map((one) => one.name).join(", ") })
              : t("approvals.nobodyMay")}
          </p>
          {request.approvers.length > 0 && request.approvers.length < request.needed && <p>{t("approvals.tooFew", { count: request.approvers.length })}</p>}
          <p className="text-muted">{t("approvals.expires", { at: exact(request.expires_at) })}</p>
        </Notice>
      );
    case "approved":
      return (
        <Notice kind="success" title={t("approvals.approvedTitle")}>
          <p>{request.opens_at ? t("approvals.opensAt", { at: exact(request.opens_at) }) : t("approvals.startsSoon")}</p>
          <p className="text-muted">{t("approvals.expires", { at: exact(request.expires_at) })}</p>
        </Notice>
      );
    case "rejected":
      return <Notice kind="error" title={t("approvals.rejectedBy", { name: by })} />;
    case "withdrawn":
      return <Notice title={t("approvals.withdrawnBy", { name: by })} />;
    default:
      return (
        <Notice kind="warning" title={t(`approvals.ended.${request.ended?.code ?? "expired"}`)}>
          {request.ended?.sentences.map((sentence) => <p key={sentence}>{said(sentence)}</p>)}
        </Notice>
      );
  }
}

function Decide({ request }: { request: ApprovalRequestDetail }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const decide = useDecide(request.id);
  const [comment, setComment] = useState("");
  const [missing, setMissing] = useState(false);
  const mine = request.decisions.some((one) => one.mine && one.verdict === "approve");
  const act = (what: Act) => {
    if (decide.isPending) return;
    const wordless = what === "reject" && comment.trim() === "";
    setMissing(wordless);
    if (!wordless) decide.mutate({ act: what, comment: comment.trim() });
  };
  return (
    <form
      className="flex flex-col gap-3 rounded-lg border border-line p-4"
      aria-label={t("approvals.decide")}
      onSubmit={(event) => {
        event.preventDefault();
        act("approve");
      }}
    >
      {mine && <p className="text-sm text-muted">{t("approvals.mineGiven")}</p>}
      <Field label={t("approvals.comment")} hint={t("approvals.commentHint")} error={missing ? t("approvals.commentMissing") : null}>
        <TextArea
          rows={2}
          maxLength={2000}
          value={comment}
          onChange={(event) => {
            setComment(event.target.value);
            setMissing(false);
          }}
        />
      </Field>
      <div className="flex flex-wrap gap-2 max-sm:[&>button]:flex-1">
        <Button type="submit" size="large" variant="primary" busy={decide.isPending && decide.variables.act === "approve"} disabled={mine}>
          <Check aria-hidden className="size-4" /> {t("approvals.approve")}
        </Button>
        <Button size="large" variant="danger" busy={decide.isPending && decide.variables.act === "reject"} onClick={() => act("reject")}>
          <X aria-hidden className="size-4" /> {t("approvals.reject")}
        </Button>
      </div>
      {decide.isError && <TroubleNotice trouble={trouble(decide.error)} />}
    </form>
  );
}

function Decisions({ request }: { request: ApprovalRequestDetail }) {
  const { t } = useLanguage();
  if (request.decisions.length === 0) return null;
  return (
    <section>
      <h2 className="mb-1 text-sm font-semibold">{t("approvals.decisions")}</h2>
      <ul className="divide-y divide-line border-y border-line">
        {request.decisions.map((one) => (
          <li key={`${one.name} ${one.decided_at}`} className="flex gap-2.5 py-2 text-sm">
            {one.verdict === "approve" ? (
              <Check aria-hidden className="mt-0.5 size-4 shrink-0 text-applied" />
            ) : (
              <X aria-hidden className="mt-0.5 size-4 shrink-0 text-failed" />
            )}
            <div className="min-w-0 flex-1">
              <p>
                {t(`approvals.did.${one.verdict}`, { name: one.name })} <Ago at={one.decided_at} className="text-xs text-muted" />{" "}
                {!one.counts && <Chip>{t("approvals.countsNot")}</Chip>}
              </p>
              {one.comment && <p className="break-words whitespace-pre-line text-muted">{one.comment}</p>}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

const DIRECTIONS = { upgrade: ArrowUp, downgrade: ArrowDown, stamp: Stamp };

/** Exactly what will run: the approval is for this and for nothing else. */
function Steps({ request, checks }: Pick<RequestViewProps, "request" | "checks">) {
  const { t, rich } = useLanguage();
  const { plan } = request;
  const place = (heads: string[]) => <code className="text-xs text-text">{heads.join(", ") || "base"}</code>;
  return (
    <section className="flex flex-col gap-2">
      <h2 className="text-sm font-semibold">{t("approvals.plan")}</h2>
      <p className="text-sm text-muted">
        {plan.heads_after
          ? rich("migrations.goesTo", { database: plan.database.name, heads: place(plan.heads), after: place(plan.heads_after) })
          : rich("migrations.standsAt", { database: plan.database.name, heads: place(plan.heads) })}
      </p>
      {plan.steps === null ? (
        <Notice>{plan.command ? rich("migrations.byCommand", { command: <code className="text-xs">{plan.command.join(" ")}</code> }) : t("migrations.byAlembic")}</Notice>
      ) : (
        checks(plan.id, (markOf) => <StepList steps={plan.steps ?? []} markOf={markOf} />)
      )}
      <p className="flex flex-wrap items-center gap-1.5 text-xs text-muted">
        {rich("migrations.planOf", { commit: <code>{plan.commit.slice(0, 8)}</code>, digest: <code>{plan.digest.slice(0, 12)}</code> })}
        <CopyButton text={plan.digest} />
      </p>
    </section>
  );
}

function StepList({ steps, markOf }: { steps: Step[]; markOf: (step: Step) => StepMark | null }) {
  const { t } = useLanguage();
  return (
    <ol className="max-h-96 overflow-y-auto rounded-md border border-line empty:hidden" aria-label={t("migrations.steps")} tabIndex={0}>
      {steps.map((step, index) => {
        const Direction = DIRECTIONS[step.direction];
        const mark = markOf(step);
        return (
          <li key={`${step.revision}-${index}`} className="border-b border-line last:border-b-0">
            <div className="flex min-h-7.5 items-center gap-2.5 px-2.5 py-1">
              <span className="w-5 shrink-0 text-right text-xs text-muted tabular-nums">{index + 1}</span>
              <Direction aria-label={t(`migrations.do.${step.direction}`)} className="size-3.5 shrink-0 text-muted" />
              <code className="w-20 shrink-0 truncate text-xs text-muted">{step.revision.slice(0, 10)}</code>
              <span className="min-w-0 break-words">{step.message}</span>
              {mark?.beside}
            </div>
            {mark?.below}
          </li>
        );
      })}
    </ol>
  );
}

/** Taking it back, and doing without the others. */
function Others({ request, onStarted }: { request: ApprovalRequestDetail; onStarted: (job: Job) => void }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const decide = useDecide(request.id);
  const override = useOverride(request);
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  if (!isWaiting(request)) return null;
  const may = (permission: string) => request.permissions.includes(permission);
  if (!may("job.cancel") && !may("job.override")) return null;
  return (
    <section className="flex flex-col gap-3 border-t border-line pt-4">
      <div className="flex flex-wrap gap-2">
        {may("job.cancel") && (
          <Button busy={decide.isPending} onClick={() => decide.mutate({ act: "withdraw", comment: "" })}>
            {t("approvals.withdraw")}
          </Button>
        )}
        {may("job.override") && (
          <Button variant="danger" aria-expanded={open} onClick={() => setOpen(!open)}>
            {t("approvals.override")}
          </Button>
        )}
      </div>
      {open && (
        <form
          className="flex flex-col gap-3 rounded-lg border border-failed/30 p-4"
          onSubmit={(event) => {
            event.preventDefault();
            override.mutate(reason, { onSuccess: onStarted });
          }}
        >
          <Field label={t("approvals.overrideReason")} hint={t("approvals.overrideHint")}>
            <TextArea rows={2} maxLength={1000} value={reason} onChange={(event) => setReason(event.target.value)} />
          </Field>
          <div>
            <Button type="submit" variant="danger-primary" busy={override.isPending} disabled={reason.trim().length < 5}>
              {t("approvals.overrideNow")}
            </Button>
          </div>
          {override.isError && <TroubleNotice trouble={trouble(override.error)} />}
        </form>
      )}
      {decide.isError && <TroubleNotice trouble={trouble(decide.error)} />}
    </section>
  );
}
