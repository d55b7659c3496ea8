import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Select } from "@/ui/field";
import { TroubleNotice } from "@/ui/notice";
import { useForm } from "@/ui/use-form";
import { useMakeAccount } from "./queries";
import type { Choice } from "./token-form";

const ROLES = ["viewer", "operator", "maintainer"] as const;

interface Values {
  name: string;
  project: string;
  environment: string;
  role: (typeof ROLES)[number];
}

interface AccountFormProps {
  org: string;
  projects: Choice[];
  environments: Choice[];
  onProject: (project: string) => void;
  onClose: () => void;
}

/** A service account with its first role; more of them are given on the project's pages. */
export function AccountForm({ org, projects, environments, onProject, onClose }: AccountFormProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const make = useMakeAccount(org);
  const form = useForm<Values>({ name: "", project: "", environment: "", role: "operator" }, async (values) => {
    const role = { project: values.project, environment: values.environment || null, role: values.role };
    await make.mutateAsync({ name: values.name, roles: values.project ? [role] : [] });
    onClose();
  });
  const { values, set, errorOf } = form;
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("tokens.newAccount")}
      description={t("tokens.newAccountLead")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" busy={form.busy} onClick={() => void form.submit()}>
            {t("common.add")}
          </Button>
        </>
      }
    >
      <form className="flex flex-col gap-4" onSubmit={(event) => void form.submit(event)}>
        <Field label={t("tokens.name")} error={errorOf("name")}>
          <Input data-autofocus value={values.name} maxLength={200} onChange={(event) => set("name", event.target.value)} />
        </Field>
        <Field label={t("tokens.project")}>
          <Select
            value={values.project}
            onChange={(event) => {
              set("project", event.target.value);
              set("environment", "");
              onProject(event.target.value);
            }}
          >
            <option value="">{t("tokens.noRole")}</option>
            {projects.map((project) => (
              <option key={project.id} value={project.id}>
                {project.name}
              </option>
            ))}
          </Select>
        </Field>
        {values.project && (
          <>
            <Field label={t("tokens.environment")}>
              <Select value={values.environment} onChange={(event) => set("environment", event.target.value)}>
                <option value="">{t("tokens.allEnvironments")}</option>
                {environments.map((environment) => (
                  <option key={environment.id} value={environment.id}>
                    {environment.name}
                  </option>
                ))}
              </Select>
            </Field>
            <Field label={t("tokens.role")}>
              <Select value={values.role} onChange={(event) => set("role", event.target.value as (typeof ROLES)[number])}>
                {ROLES.map((role) => (
                  <option key={role} value={role}>
                    {t(`tokens.role.${role}`)}
                  </option>
                ))}
              </Select>
            </Field>
          </>
        )}
        {Boolean(form.error) && <TroubleNotice trouble={trouble(form.error)} />}
        <button type="submit" hidden />
      </form>
    </Dialog>
  );
}
