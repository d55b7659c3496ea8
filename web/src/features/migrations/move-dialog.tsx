import { ArrowDown, ArrowUp, Stamp } from "lucide-react";
import { useState } from "react";
import { newKey } from "@/api/key";
import { useTrouble } from "@/api/use-trouble";
import type { CurrentEnvironment, Job, StepsPreview } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Chip } from "@/ui/chip";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Select } from "@/ui/field";
import { Notice, TroubleNotice } from "@/ui/notice";
import { Skeleton } from "@/ui/states";
import { type MoveAsked, useStart, useSteps } from "./queries";

interface MoveDialogProps {
  project: string;
  move: MoveAsked;
  environment: CurrentEnvironment;
  onChange: (move: MoveAsked) => void;
  onClose: () => void;
  onStarted: (job: Job) => void;
}

/** A long plan is summed up; nobody reads four hundred lines before pressing a button. */
const SHOWN = 60;

/** What will run, on which database, and the last word of the person. */
export function MoveDialog({ project, move, environment, onChange, onClose, onStarted }: MoveDialogProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const chosen = move.database ?? (environment.databases.length === 1 ? (environment.databases[0]?.id ?? null) : null);
  const asked = { ...move, database: chosen ?? environment.databases[0]?.id ?? null };
  const steps = useSteps(project, asked);
  const start = useStart(move.kind);
  const [typed, setTyped] = useState("");
  // One key for one opening: a double click or a retry after a lost answer starts one job.
  const [key] = useState(newKey);
  const count = steps.data?.steps.length ?? 0;
  const nameMissing = environment.protected && typed.trim() !== environment.name;
  const nothing = steps.data !== undefined && count === 0 && move.kind !== "stamp" && !steps.data.bootstrap;

  const submit = (event: { preventDefault: () => void }) => {
    event.preventDefault();
    if (nameMissing || nothing || !steps.data || start.isPending) return;
    start.mutate(
      { project, environment: move.environment, database: asked.database, revision: move.revision, idempotency_key: key },
      { onSuccess: onStarted },
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
            variant={move.kind === "upgrade" ? "primary" : "danger-primary"}
            busy={start.isPending}
            disabled={!steps.data || nothing || nameMissing}
          >
            {move.kind !== "stamp" && count > 0 ? `${verb} · ${t("migrations.revisions", { count })}` : verb}
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
        {steps.isError ? (
          <TroubleNotice trouble={trouble(steps.error)} onRetry={() => void steps.refetch()} />
        ) : steps.data ? (
          <Steps preview={steps.data} />
        ) : (
          <div className="flex flex-col gap-2" role="status" aria-label={t("common.loading")}>
            <Skeleton className="h-4 w-1/2" />
            <Skeleton className="h-7 w-full" />
            <Skeleton className="h-7 w-full" />
          </div>
        )}
        {environment.protected && !nothing && (
          <Field label={t("migrations.typeName", { environment: environment.name })} hint={t("migrations.typeNameHint")}>
            <Input mono data-autofocus value={typed} onChange={(event) => setTyped(event.target.value)} autoComplete="off" />
          </Field>
        )}
        {start.isError && <TroubleNotice trouble={trouble(start.error)} />}
      </form>
    </Dialog>
  );
}

function Steps({ preview }: { preview: StepsPreview }) {
  const { t, rich } = useLanguage();
  const heads = preview.heads === null ? t("migrations.neverRead") : preview.heads.join(", ") || "base";
  const name = typeof preview.database["name"] === "string" ? preview.database["name"] : "";
  const Icon = { upgrade: ArrowUp, downgrade: ArrowDown, stamp: Stamp };
  return (
    <>
      <p className="text-sm text-muted">
        {rich("migrations.standsAt", { database: <strong className="font-medium text-text">{name}</strong>, heads: <code className="text-xs text-text">{heads}</code> })}
      </p>
      {preview.bootstrap && <Notice>{t("migrations.bootstrap")}</Notice>}
      {preview.steps.length === 0 ? (
        preview.kind !== "stamp" && !preview.bootstrap && <Notice kind="success">{t("migrations.nothing")}</Notice>
      ) : (
        <ol className="max-h-72 overflow-y-auto rounded-md border border-line" aria-label={t("migrations.steps")} tabIndex={0}>
          {preview.steps.slice(0, SHOWN).map((step, index) => {
            const Direction = Icon[step.direction];
            return (
              <li key={`${step.revision}-${index}`} className="flex h-7.5 items-center gap-2.5 border-b border-line px-2.5 last:border-b-0">
                <span className="w-5 shrink-0 text-right text-xs text-muted tabular-nums">{index + 1}</span>
                <Direction aria-label={t(`migrations.do.${step.direction}`)} className="size-3.5 shrink-0 text-muted" />
                <code className="w-20 shrink-0 truncate text-xs text-muted">{step.revision.slice(0, 10)}</code>
                <span className="truncate">{step.message}</span>
              </li>
            );
          })}
          {preview.steps.length > SHOWN && (
            <li className="px-2.5 py-1.5 text-sm text-muted">
              <Chip>{t("migrations.moreSteps", { count: preview.steps.length - SHOWN })}</Chip>
            </li>
          )}
        </ol>
      )}
    </>
  );
}
