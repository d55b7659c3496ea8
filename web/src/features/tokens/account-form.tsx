import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Select } from "@/ui/field";
import { TroubleNotice } from "@/ui/notice";
import { useForm } from "@/ui/use-form";
import { type Choice, PlaceFields } from "./place-fields";
import { useMakeAccount } from "./queries";

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
        <PlaceFields
          value={values}
          onChange={({ project, environment }) => {
            set("project", project);
            set("environment", environment);
            onProject(project);
          }}
          projects={projects}
          environments={environments}
          none={t("tokens.noRole")}
        />
        {values.project && (
          <Field label={t("tokens.role")}>
            <Select value={values.role} onChange={(event) => set("role", event.target.value as (typeof ROLES)[number])}>
              {ROLES.map((role) => (
                <option key={role} value={role}>
                  {t(`tokens.role.${role}`)}
                </option>
              ))}
            </Select>
          </Field>
        )}
        {Boolean(form.error) && <TroubleNotice trouble={trouble(form.error)} />}
        <button type="submit" hidden />
      </form>
    </Dialog>
  );
}
