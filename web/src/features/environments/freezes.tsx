/** Times without changes: of one environment or of the whole project. */
import { Plus, Snowflake } from "lucide-react";
import { useState } from "react";
import { useTrouble } from "@/api/use-trouble";
import type { Environment } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Chip } from "@/ui/chip";
import { Field, Input, Select } from "@/ui/field";
import { TroubleNotice } from "@/ui/notice";
import { useForm } from "@/ui/use-form";
import { useNow } from "@/ui/use-now";
import { useAddFreeze, useEndFreeze, useFreezes } from "./queries";

interface FreezesProps {
  org: string;
  project: string;
  environments: Environment[];
  why: string | null;
}

export function Freezes({ org, project, environments, why }: FreezesProps) {
  const { t, exact } = useLanguage();
  const trouble = useTrouble();
  const freezes = useFreezes(org, project);
  const end = useEndFreeze(org, project);
  const [adding, setAdding] = useState(false);
  const now = useNow(30_000);
  return (
    <section aria-label={t("freezes.title")} className="rounded-lg border border-line">
      <header className="flex items-center gap-2 px-4 py-2.5">
        <div className="min-w-0 flex-1">
          <h3 className="font-semibold">{t("freezes.title")}</h3>
          <p className="text-xs text-muted">{t("freezes.lead")}</p>
        </div>
        <Button size="small" why={why} onClick={() => setAdding(!adding)}>
          <Plus aria-hidden className="size-3" /> {t("freezes.add")}
        </Button>
      </header>
      {adding && <FreezeForm org={org} project={project} environments={environments} onDone={() => setAdding(false)} />}
      {freezes.isError && <TroubleNotice className="m-4 mt-0" trouble={trouble(freezes.error)} onRetry={() => void freezes.refetch()} />}
      {end.isError && <TroubleNotice className="m-4 mt-0" trouble={trouble(end.error)} />}
      <ul>
        {freezes.data?.map((freeze) => (
          <li key={freeze.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 border-t border-line px-4 py-2">
            <Snowflake aria-hidden className="size-3.5 shrink-0 text-muted" />
            <div className="min-w-0 flex-1 basis-48">
              <p className="flex flex-wrap items-center gap-2 font-medium">
                {freeze.environment?.name ?? t("freezes.wholeProject")}
                {Date.parse(freeze.starts_at) <= now && <Chip tone="running">{t("freezes.now")}</Chip>}
              </p>
              <p className="text-sm break-words">{freeze.reason}</p>
              <p className="text-xs text-muted">
                {exact(freeze.starts_at)} – {exact(freeze.ends_at)} · {freeze.actor.name}
              </p>
            </div>
            <Button size="small" why={why} busy={end.isPending && end.variables === freeze.id} onClick={() => end.mutate(freeze.id)}>
              {Date.parse(freeze.starts_at) <= now ? t("freezes.end") : t("freezes.callOff")}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What a person types as local time, as the moment that it means. */
function moment(local: string): string {
  const parsed = new Date(local);
  return Number.isNaN(parsed.getTime()) ? local : parsed.toISOString();
}

function FreezeForm({ org, project, environments, onDone }: Omit<FreezesProps, "why"> & { onDone: () => void }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const add = useAddFreeze(org, project);
  const form = useForm({ environment: "", starts: "", ends: "", reason: "" }, async (values) => {
    await add.mutateAsync({
      environment: values.environment || null,
      starts_at: values.starts ? moment(values.starts) : null,
      ends_at: moment(values.ends),
      reason: values.reason,
    });
    onDone();
  });
  const { values, set, errorOf } = form;
  return (
    <form noValidate onSubmit={(event) => void form.submit(event)} className="grid gap-4 border-t border-line p-4 sm:grid-cols-2">
      <Field label={t("freezes.where")} error={errorOf("environment")}>
        <Select value={values.environment} onChange={(event) => set("environment", event.target.value)}>
          <option value="">{t("freezes.wholeProject")}</option>
          {environments.map((environment) => (
            <option key={environment.id} value={environment.slug}>
              {environment.name}
            </option>
          ))}
        </Select>
      </Field>
      <Field label={t("freezes.reason")} hint={t("freezes.reasonHint")} error={errorOf("reason")}>
        <Input value={values.reason} maxLength={300} onChange={(event) => set("reason", event.target.value)} />
      </Field>
      <Field label={t("freezes.starts")} hint={t("freezes.startsHint")} error={errorOf("starts_at")}>
        <Input type="datetime-local" value={values.starts} onChange={(event) => set("starts", event.target.value)} />
      </Field>
      <Field label={t("freezes.ends")} error={errorOf("ends_at")}>
        <Input type="datetime-local" value={values.ends} onChange={(event) => set("ends", event.target.value)} />
      </Field>
      {form.error != null && <TroubleNotice className="sm:col-span-2" trouble={trouble(form.error)} />}
      <div className="flex gap-2 sm:col-span-2">
        <Button type="submit" variant="primary" busy={form.busy}>
          {t("freezes.add")}
        </Button>
        <Button onClick={onDone}>{t("common.cancel")}</Button>
      </div>
    </form>
  );
}
