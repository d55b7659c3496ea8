import type { ServiceAccount, TokenMade } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Select, TextArea } from "@/ui/field";
import { TroubleNotice } from "@/ui/notice";
import { useForm } from "@/ui/use-form";
import type { Choice } from "./place-fields";
import { useMakeToken } from "./queries";
import { asked, ScopeFields, USUAL } from "./scope-fields";

const LIVES = [7, 30, 90, 180, 365];

interface TokenFormProps {
  org: string;
  projects: Choice[];
  /** The environments of the chosen project, which the page looks up. */
  environments: Choice[];
  onProject: (project: string) => void;
  accounts: ServiceAccount[];
  onClose: () => void;
  onMade: (made: TokenMade) => void;
}

export function TokenForm({ org, projects, environments, onProject, accounts, onClose, onMade }: TokenFormProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const make = useMakeToken(org);
  const form = useForm(
    {
      name: "",
      owner: "",
      projects: [] as string[],
      environments: [] as string[],
      permissions: USUAL,
      networks: "",
      days: 90,
    },
    async (values) => {
      const made = await make.mutateAsync({
        name: values.name,
        owner: values.owner || null,
        ...asked(values),
        networks: values.networks.split(/[\s,]+/).filter(Boolean),
        expires_in_days: values.days,
      });
      onMade(made);
    },
  );
  const { values, set, errorOf } = form;
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={t("tokens.new")}
      description={t("tokens.newLead")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" busy={form.busy} onClick={() => void form.submit()}>
            {t("tokens.make")}
          </Button>
        </>
      }
    >
      <form className="grid gap-4 sm:grid-cols-2" onSubmit={(event) => void form.submit(event)}>
        <Field label={t("tokens.name")} hint={t("tokens.nameHint")} error={errorOf("name")}>
          <Input data-autofocus value={values.name} maxLength={200} onChange={(event) => set("name", event.target.value)} />
        </Field>
        <Field label={t("tokens.owner")} hint={t("tokens.ownerHint")} error={errorOf("owner")}>
          <Select value={values.owner} onChange={(event) => set("owner", event.target.value)}>
            <option value="">{t("tokens.myself")}</option>
            {accounts.map((account) => (
              <option key={account.id} value={account.id}>
                {account.name}
              </option>
            ))}
          </Select>
        </Field>
        <ScopeFields
          value={values}
          onChange={(change) => {
            if (change.projects) set("projects", change.projects);
            if (change.environments) set("environments", change.environments);
            if (change.permissions) set("permissions", change.permissions);
          }}
          projects={projects}
          environments={environments}
          onProject={onProject}
          errorOf={errorOf}
        />
        <div className="flex flex-col gap-4">
          <Field label={t("tokens.life")} error={errorOf("expires_in_days")}>
            <Select value={values.days} onChange={(event) => set("days", Number(event.target.value))}>
              {LIVES.map((days) => (
                <option key={days} value={days}>
                  {t("tokens.days", { count: days })}
                </option>
              ))}
            </Select>
          </Field>
          <Field label={t("tokens.networks")} optional={t("common.optional")} hint={t("tokens.networksHint")} error={errorOf("networks")}>
            <TextArea mono rows={2} value={values.networks} onChange={(event) => set("networks", event.target.value)} />
          </Field>
        </div>
        {Boolean(form.error) && <TroubleNotice trouble={trouble(form.error)} className="sm:col-span-2" />}
        <button type="submit" hidden />
      </form>
    </Dialog>
  );
}
