import { type ReactNode, useState } from "react";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Checkbox, Field, Input, Select, TextArea } from "@/ui/field";
import { TroubleNotice } from "@/ui/notice";
import { type Form, useForm } from "@/ui/use-form";
import { CredentialFields } from "./credential-fields";
import { bodyOf, nameFromUrl, type ProjectValues, slugFrom } from "./values";
import type { ProjectNew } from "@/api/types";

interface ProjectFormProps {
  initial: ProjectValues;
  onSend: (body: ProjectNew) => Promise<void>;
  submitLabel: string;
  hasCredential?: boolean;
  extra?: ReactNode;
  /** Why nothing can be changed here. */
  why?: string | null;
}

export function ProjectForm({ initial, onSend, submitLabel, hasCredential = false, extra, why = null }: ProjectFormProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const form = useForm(initial, (values) => onSend(bodyOf(values)));
  const guessed = nameFromUrl(form.values.git_url);
  const text = (name: TextName) => ({
    value: form.values[name],
    onChange: (event: { target: { value: string } }) => form.set(name, event.target.value),
  });
  return (
    <form onSubmit={(event) => void form.submit(event)} noValidate className="flex flex-col gap-4">
      <Field label={t("projects.gitUrl")} hint={t("projects.gitUrlHint")} error={form.errorOf("git_url")}>
        <Input mono name="git_url" placeholder="https://git.example.org/team/shop.git" {...text("git_url")} />
      </Field>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={t("projects.name")} error={form.errorOf("name")}>
          <Input name="name" placeholder={guessed} {...text("name")} />
        </Field>
        <Field label={t("projects.slug")} hint={t("projects.slugHint")} error={form.errorOf("slug")}>
          <Input mono name="slug" placeholder={slugFrom(form.values.name || guessed)} {...text("slug")} />
        </Field>
        <Field label={t("projects.ref")} hint={t("projects.refHint")} error={form.errorOf("git_ref")}>
          <Input mono name="git_ref" {...text("git_ref")} />
        </Field>
        <Field label={t("projects.subdirectory")} optional={t("common.optional")} hint={t("projects.subdirectoryHint")} error={form.errorOf("subdirectory")}>
          <Input mono name="subdirectory" placeholder="backend" {...text("subdirectory")} />
        </Field>
        <Field label={t("projects.configFile")} hint={t("projects.configFileHint")} error={form.errorOf("config_file")}>
          <Input mono name="config_file" {...text("config_file")} />
        </Field>
        <Field label={t("projects.configSection")} error={form.errorOf("config_section")}>
          <Input mono name="config_section" {...text("config_section")} />
        </Field>
      </div>
      <CredentialFields form={form} hasCredential={hasCredential} />
      <Checkbox
        label={t("drafts.directPush")}
        hint={t("drafts.directPushHint")}
        checked={form.values.direct_push}
        onChange={(event) => form.set("direct_push", event.target.checked)}
      />
      <Advanced form={form} />
      {form.error != null && <TroubleNotice trouble={trouble(form.error)} />}
      <div className="flex flex-wrap items-center gap-2">
        <Button type="submit" variant="primary" busy={form.busy} why={why}>
          {submitLabel}
        </Button>
        {extra}
      </div>
    </form>
  );
}

type TextName = Exclude<keyof ProjectValues, "credentialKind" | "install_project" | "direct_push">;

function Advanced({ form }: { form: Form<ProjectValues> }) {
  const { t } = useLanguage();
  const { values } = form;
  const [open, setOpen] = useState(
    Boolean(values.command || values.python || values.requirements_file || values.extra_packages || values.groups || values.extras),
  );
  const text = (name: TextName) => ({
    value: values[name],
    onChange: (event: { target: { value: string } }) => form.set(name, event.target.value),
  });
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)} className="rounded-md border border-line">
      <summary className="cursor-pointer px-3 py-2 text-sm font-medium select-none">
        {t("projects.dependencies")}
        <span className="ml-2 font-normal text-muted">{t("projects.dependenciesHint")}</span>
      </summary>
      <div className="grid gap-4 border-t border-line p-3 sm:grid-cols-2">
        <Field label="Python" optional={t("common.optional")} hint={t("projects.pythonHint")} error={form.errorOf("python")}>
          <Input mono placeholder="3.12" {...text("python")} />
        </Field>
        <Field label={t("projects.requirementsFile")} optional={t("common.optional")} hint={t("projects.requirementsFileHint")} error={form.errorOf("requirements_file")}>
          <Input mono placeholder="requirements.txt" {...text("requirements_file")} />
        </Field>
        <Field label={t("projects.groups")} optional={t("common.optional")} error={form.errorOf("groups")}>
          <Input mono placeholder="migrations" {...text("groups")} />
        </Field>
        <Field label={t("projects.extras")} optional={t("common.optional")} error={form.errorOf("extras")}>
          <Input mono placeholder="postgres" {...text("extras")} />
        </Field>
        <Field label={t("projects.extraPackages")} optional={t("common.optional")} hint={t("projects.extraPackagesHint")} error={form.errorOf("extra_packages")}>
          <TextArea mono rows={2} placeholder="psycopg[binary]" {...text("extra_packages")} />
        </Field>
        <Field label={t("projects.install")} error={form.errorOf("install_project")}>
          <Select value={values.install_project} onChange={(event) => form.set("install_project", event.target.value as "detect")}>
            <option value="detect">{t("projects.install.detect")}</option>
            <option value="yes">{t("projects.install.yes")}</option>
            <option value="no">{t("projects.install.no")}</option>
          </Select>
        </Field>
        <Field
          className="sm:col-span-2"
          label={t("projects.command")}
          optional={t("common.optional")}
          hint={t("projects.commandHint")}
          error={form.errorOf("command")}
        >
          <Input mono placeholder="flask --app shop db upgrade" {...text("command")} />
        </Field>
      </div>
    </details>
  );
}
