import { Plus, Trash2 } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTrouble } from "@/api/use-trouble";
import type { Environment, Option } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button, IconButton } from "@/ui/button";
import { Checkbox, Field, Input, Select, TextArea } from "@/ui/field";
import { TroubleNotice } from "@/ui/notice";
import { type Form, useForm } from "@/ui/use-form";
import { PolicyFields } from "./policy-fields";
import { askHostKeys, useSaveEnvironment } from "./queries";
import { TunnelFields } from "./tunnel-fields";
import { bodyOf, type EnvironmentValues, NEW_ENVIRONMENT, valuesOf } from "./values";

const TEMPLATES = ["{{url}}", "{{url:asyncpg}}", "{{url:psycopg}}", "{{host}}", "{{port}}", "{{user}}", "{{password}}", "{{database}}"];

interface EnvironmentFormProps {
  org: string;
  project: string;
  environment: Environment | null;
  /** Somebody came to compare the host key of its SSH server. */
  comparing?: boolean;
  onDone: () => void;
  onCancel: () => void;
}

export function EnvironmentForm({ org, project, environment, comparing = false, onDone, onCancel }: EnvironmentFormProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const save = useSaveEnvironment(org, project, environment?.slug ?? null);
  const form = useForm(environment ? valuesOf(environment) : NEW_ENVIRONMENT, async (values) => {
    await save.mutateAsync(bodyOf(values));
    onDone();
  });
  return (
    <form onSubmit={(event) => void form.submit(event)} noValidate className="flex flex-col gap-4">
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={t("environments.name")} error={form.errorOf("name") ?? form.errorOf("slug")}>
          <Input name="name" placeholder="staging" value={form.values.name} onChange={(event) => form.set("name", event.target.value)} />
        </Field>
        <div className="sm:pt-6">
          <Checkbox
            label={t("environments.protected")}
            hint={t("environments.protectedHint")}
            checked={form.values.protected}
            onChange={(event) => form.set("protected", event.target.checked)}
          />
        </div>
      </div>
      <Variables form={form} />
      <PolicyFields org={org} project={project} own={environment?.id ?? null} form={form} />
      <Limits form={form} />
      <TunnelFields
        tunnel={form.values.tunnel}
        onChange={(tunnel) => form.set("tunnel", tunnel)}
        errorOf={form.errorOf}
        stored={environment?.tunnel ?? null}
        askHostKeys={(place) => askHostKeys(org, project, place)}
        comparing={comparing}
      />
      <More form={form} />
      {form.error != null && <TroubleNotice trouble={trouble(form.error)} />}
      <div className="flex gap-2">
        <Button type="submit" variant="primary" busy={form.busy}>
          {environment ? t("common.save") : t("environments.add")}
        </Button>
        <Button onClick={onCancel}>{t("common.cancel")}</Button>
      </div>
    </form>
  );
}

function without<One>(list: One[], index: number): One[] {
  return list.filter((_, at) => at !== index);
}

function replaced<One>(list: One[], index: number, change: Partial<One>): One[] {
  return list.map((one, at) => (at === index ? { ...one, ...change } : one));
}

function Rows({ legend, hint, add, onAdd, children }: { legend: string; hint?: ReactNode; add: string; onAdd: () => void; children: ReactNode }) {
  return (
    <fieldset className="flex min-w-0 flex-col gap-1.5">
      <legend className="mb-1 text-sm font-medium">{legend}</legend>
      {children}
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Button size="small" onClick={onAdd}>
          <Plus aria-hidden className="size-3" /> {add}
        </Button>
        {hint && <span className="text-xs text-muted">{hint}</span>}
      </div>
    </fieldset>
  );
}

function Variables({ form }: { form: Form<EnvironmentValues> }) {
  const { t, rich } = useLanguage();
  const { variables } = form.values;
  const set = (index: number, change: Partial<(typeof variables)[number]>) => form.set("variables", replaced(variables, index, change));
  return (
    <Rows
      legend={t("environments.variables")}
      add={t("environments.addVariable")}
      onAdd={() => form.set("variables", [...variables, { name: "", value: "", secret: false, stored: false }])}
      hint={rich("environments.templates", {
        templates: (
          <code className="text-[11px]" key="templates">
            {TEMPLATES.join(" ")}
          </code>
        ),
      })}
    >
      {variables.map((variable, index) => {
        const error = form.errorOf(`variables.${index}.name`) ?? form.errorOf(`variables.${index}.value`);
        const label = variable.name || String(index + 1);
        return (
          <div key={index}>
            <div className="grid grid-cols-[minmax(0,1fr)_minmax(0,1.6fr)_auto_auto] items-center gap-2 max-sm:grid-cols-[minmax(0,1fr)_auto_auto]">
              <Input
                mono
                aria-label={t("environments.variableName", { name: label })}
                aria-invalid={error ? true : undefined}
                placeholder="DATABASE_URL"
                value={variable.name}
                onChange={(event) => set(index, { name: event.target.value })}
              />
              <Input
                mono
                className="max-sm:order-last max-sm:col-span-3"
                type={variable.secret ? "password" : "text"}
                autoComplete="new-password"
                aria-label={t("environments.variableValue", { name: label })}
                placeholder={variable.stored ? t("environments.stored") : "{{url}}"}
                value={variable.value ?? ""}
                onChange={(event) => set(index, { value: event.target.value })}
              />
              <Checkbox label={t("environments.secret")} checked={variable.secret} onChange={(event) => set(index, { secret: event.target.checked })} />
              <IconButton label={t("environments.removeVariable", { name: label })} onClick={() => form.set("variables", without(variables, index))}>
                <Trash2 className="size-3.5" />
              </IconButton>
            </div>
            {error && <p className="mt-1 text-sm text-failed">{error}</p>}
          </div>
        );
      })}
    </Rows>
  );
}

function Limits({ form }: { form: Form<EnvironmentValues> }) {
  const { t } = useLanguage();
  const text = (name: "lockTimeout" | "statementTimeout" | "idleTimeout" | "blockingLimit" | "retries" | "timeLimit") => ({
    inputMode: "decimal" as const,
    value: form.values[name],
    onChange: (event: { target: { value: string } }) => form.set(name, event.target.value),
  });
  return (
    <div className="grid gap-4 sm:grid-cols-3">
      <Field label={t("environments.lockTimeout")} hint={t("environments.lockTimeoutHint")} error={form.errorOf("lock_timeout_ms")}>
        <Input {...text("lockTimeout")} />
      </Field>
      <Field label={t("environments.statementTimeout")} hint={t("environments.zeroIsNone")} error={form.errorOf("statement_timeout_ms")}>
        <Input {...text("statementTimeout")} />
      </Field>
      <Field label={t("environments.idleTimeout")} hint={t("environments.idleTimeoutHint")} error={form.errorOf("idle_timeout_s")}>
        <Input {...text("idleTimeout")} />
      </Field>
      <Field label={t("environments.blockingLimit")} hint={t("environments.blockingLimitHint")} error={form.errorOf("blocking_limit_s")}>
        <Input {...text("blockingLimit")} />
      </Field>
      <Field label={t("environments.retries")} hint={t("environments.retriesHint")} error={form.errorOf("retries")}>
        <Input {...text("retries")} />
      </Field>
      <Field label={t("environments.timeLimit")} hint={t("environments.timeLimitHint")} error={form.errorOf("time_limit_s")}>
        <Input {...text("timeLimit")} />
      </Field>
    </div>
  );
}

function Options({ form, name, legend }: { form: Form<EnvironmentValues>; name: "ini_overrides" | "attributes"; legend: string }) {
  const { t } = useLanguage();
  const list: Option[] = form.values[name];
  return (
    <Rows legend={legend} add={t("common.add")} onAdd={() => form.set(name, [...list, { name: "", value: "" }])}>
      {list.map((one, index) => (
        <div key={index} className="grid grid-cols-[minmax(0,1fr)_minmax(0,1.6fr)_auto] gap-2">
          <Input
            mono
            aria-label={`${legend} ${index + 1}`}
            placeholder={name === "ini_overrides" ? "sqlalchemy.url" : "connection"}
            value={one.name}
            onChange={(event) => form.set(name, replaced(list, index, { name: event.target.value }))}
          />
          <Input
            mono
            aria-label={`${legend} ${index + 1} =`}
            placeholder="{{url}}"
            value={one.value}
            onChange={(event) => form.set(name, replaced(list, index, { value: event.target.value }))}
          />
          <IconButton label={t("common.remove")} onClick={() => form.set(name, without(list, index))}>
            <Trash2 className="size-3.5" />
          </IconButton>
        </div>
      ))}
    </Rows>
  );
}

function Files({ form }: { form: Form<EnvironmentValues> }) {
  const { t } = useLanguage();
  const { files } = form.values;
  return (
    <Rows
      legend={t("environments.files")}
      hint={t("environments.filesHint")}
      add={t("common.add")}
      onAdd={() => form.set("files", [...files, { path: "", content: "", stored: false }])}
    >
      {files.map((file, index) => (
        <div key={index} className="grid grid-cols-[minmax(0,1fr)_auto] gap-2">
          <Input
            mono
            aria-label={t("environments.filePath")}
            placeholder="config/local.yaml"
            value={file.path}
            onChange={(event) => form.set("files", replaced(files, index, { path: event.target.value }))}
          />
          <IconButton label={t("common.remove")} onClick={() => form.set("files", without(files, index))}>
            <Trash2 className="size-3.5" />
          </IconButton>
          <TextArea
            mono
            className="col-span-2"
            aria-label={t("environments.fileContent", { path: file.path })}
            placeholder={file.stored ? t("environments.stored") : "url: {{url}}"}
            value={file.content}
            onChange={(event) => form.set("files", replaced(files, index, { content: event.target.value }))}
          />
        </div>
      ))}
    </Rows>
  );
}

function More({ form }: { form: Form<EnvironmentValues> }) {
  const { t } = useLanguage();
  const { values } = form;
  const [open, setOpen] = useState(
    Boolean(values.bootstrap || values.x_arguments || values.files.length || values.ini_overrides.length || values.attributes.length),
  );
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)} className="rounded-md border border-line">
      <summary className="cursor-pointer px-3 py-2 text-sm font-medium select-none">
        {t("common.advanced")}
        <span className="ml-2 font-normal text-muted">{t("environments.advancedHint")}</span>
      </summary>
      <div className="flex flex-col gap-4 border-t border-line p-3">
        <Field label={t("environments.xArguments")} hint={t("environments.xArgumentsHint")} error={form.errorOf("x_arguments")}>
          <TextArea mono rows={2} placeholder="url={{url}}" value={values.x_arguments} onChange={(event) => form.set("x_arguments", event.target.value)} />
        </Field>
        <Options form={form} name="ini_overrides" legend={t("environments.iniOverrides")} />
        <Options form={form} name="attributes" legend={t("environments.attributes")} />
        <Files form={form} />
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={t("environments.bootstrap")} hint={t("environments.bootstrapHint")} error={form.errorOf("bootstrap_command")}>
            <Input mono placeholder="python -m shop.create" value={values.bootstrap} onChange={(event) => form.set("bootstrap", event.target.value)} />
          </Field>
          <Field label={t("environments.transaction")} error={form.errorOf("transaction_per_migration")}>
            <Select value={values.transaction} onChange={(event) => form.set("transaction", event.target.value as "project")}>
              <option value="project">{t("environments.transaction.project")}</option>
              <option value="yes">{t("environments.transaction.yes")}</option>
              <option value="no">{t("environments.transaction.no")}</option>
            </Select>
          </Field>
        </div>
      </div>
    </details>
  );
}
