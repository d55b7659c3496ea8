/** Which columns hold personal data, and what is shown of them to whoever may not see it in clear. */
import { EyeOff, Plus } from "lucide-react";
import { useState } from "react";
import type { MaskKind, MaskNew } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Chip } from "@/ui/chip";
import { Field, Input, Select } from "@/ui/field";
import { Name } from "@/ui/name";
import { TroubleNotice } from "@/ui/notice";
import { Empty, Failed, SkeletonRows } from "@/ui/states";
import { useForm } from "@/ui/use-form";
import { useAddMask, useMasks, useMaskSuggestions, useRemoveMask } from "./queries";

const KINDS: MaskKind[] = ["hide", "last4", "domain", "hash"];

interface MasksProps {
  org: string;
  project: string;
  why: string | null;
}

export function Masks({ org, project, why }: MasksProps) {
  const { t, exact } = useLanguage();
  const trouble = useTrouble();
  const masks = useMasks(org, project);
  const remove = useRemoveMask(org, project);
  const [adding, setAdding] = useState(false);
  if (masks.isError) return <Failed trouble={trouble(masks.error)} onRetry={() => void masks.refetch()} />;
  if (!masks.data) return <SkeletonRows rows={3} />;
  return (
    <div className="flex flex-col gap-5">
      <section aria-label={t("masks.title")} className="rounded-lg border border-line">
        <header className="flex items-start gap-2 px-4 py-2.5">
          <div className="min-w-0 flex-1">
            <h2 className="font-semibold">{t("masks.title")}</h2>
            <p className="text-xs text-muted">{t("masks.lead")}</p>
          </div>
          <Button size="small" why={why} onClick={() => setAdding(!adding)}>
            <Plus aria-hidden className="size-3" /> {t("masks.add")}
          </Button>
        </header>
        {adding && <MaskForm org={org} project={project} onDone={() => setAdding(false)} />}
        {remove.isError && <TroubleNotice className="m-4 mt-0" trouble={trouble(remove.error)} />}
        {masks.data.length === 0 && !adding && (
          <Empty icon={<EyeOff className="size-5" />} title={t("masks.none")}>
            {t("masks.noneHint")}
          </Empty>
        )}
        <ul>
          {masks.data.map((mask) => (
            <li key={mask.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 border-t border-line px-4 py-2">
              <div className="min-w-0 flex-1 basis-48">
                <p className="flex flex-wrap items-center gap-2">
                  <Name text={`${mask.schema_name}.${mask.table_name}.${mask.column_name}`} className="font-mono text-[12px] break-all" />
                  <Chip>{t(`masks.kinds.${mask.kind}`)}</Chip>
                </p>
                <p className="text-xs text-muted">
                  {exact(mask.created_at)} · {mask.actor.name}
                </p>
              </div>
              <Button size="small" why={why} busy={remove.isPending && remove.variables === mask.id} onClick={() => remove.mutate(mask.id)}>
                {t("common.remove")}
              </Button>
            </li>
          ))}
        </ul>
      </section>
      {!why && <Suggestions org={org} project={project} />}
    </div>
  );
}

function MaskForm({ org, project, onDone }: Omit<MasksProps, "why"> & { onDone: () => void }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const add = useAddMask(org, project);
  const initial: Required<MaskNew> = { schema_name: "*", table_name: "*", column_name: "", kind: "hide" };
  const form = useForm(initial, async (values) => {
    await add.mutateAsync(values);
    onDone();
  });
  const { values, set, errorOf } = form;
  return (
    <form noValidate onSubmit={(event) => void form.submit(event)} className="grid gap-4 border-t border-line p-4 sm:grid-cols-2">
      <Field label={t("masks.schema")} error={errorOf("schema_name")}>
        <Input mono value={values.schema_name} maxLength={63} onChange={(event) => set("schema_name", event.target.value)} />
      </Field>
      <Field label={t("masks.table")} error={errorOf("table_name")}>
        <Input mono value={values.table_name} maxLength={63} onChange={(event) => set("table_name", event.target.value)} />
      </Field>
      <Field label={t("masks.column")} hint={t("masks.columnHint")} error={errorOf("column_name")}>
        <Input mono value={values.column_name} maxLength={63} onChange={(event) => set("column_name", event.target.value)} />
      </Field>
      <Field label={t("masks.kind")} hint={t(`masks.kindHint.${values.kind}`)}>
        <Select value={values.kind} onChange={(event) => set("kind", event.target.value as MaskKind)}>
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {t(`masks.kinds.${kind}`)}
            </option>
          ))}
        </Select>
      </Field>
      {form.error != null && <TroubleNotice className="sm:col-span-2" trouble={trouble(form.error)} />}
      <div className="flex gap-2 sm:col-span-2">
        <Button type="submit" variant="primary" busy={form.busy}>
          {t("masks.set")}
        </Button>
        <Button onClick={onDone}>{t("common.cancel")}</Button>
      </div>
    </form>
  );
}

function Suggestions({ org, project }: Omit<MasksProps, "why">) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const found = useMaskSuggestions(org, project, true);
  const add = useAddMask(org, project);
  if (found.isError) return <TroubleNotice trouble={trouble(found.error)} onRetry={() => void found.refetch()} />;
  if (!found.data || found.data.length === 0) return null;
  return (
    <section aria-label={t("masks.suggestions")} className="rounded-lg border border-line">
      <header className="px-4 py-2.5">
        <h2 className="font-semibold">{t("masks.suggestions")}</h2>
        <p className="text-xs text-muted">{t("masks.suggestionsLead")}</p>
      </header>
      {add.isError && <TroubleNotice className="m-4 mt-0" trouble={trouble(add.error)} />}
      <ul>
        {found.data.map((one) => {
          const name = `${one.schema_name}.${one.table_name}.${one.column_name}`;
          return (
            <li key={name} className="flex flex-wrap items-center gap-x-3 gap-y-1 border-t border-line px-4 py-1.5">
              <span className="flex min-w-0 flex-1 basis-48 flex-wrap items-center gap-2">
                <Name text={name} className="font-mono text-[12px] break-all" />
                <Chip>{t(`masks.kinds.${one.kind}`)}</Chip>
              </span>
              <Button size="small" aria-label={t("masks.setFor", { name })} busy={add.isPending && add.variables === one} onClick={() => add.mutate(one)}>
                {t("masks.set")}
              </Button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
