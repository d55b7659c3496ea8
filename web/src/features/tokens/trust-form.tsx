import type { ServiceAccount, Trust } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Select, TextArea } from "@/ui/field";
import { TroubleNotice } from "@/ui/notice";
import { Segmented } from "@/ui/segmented";
import { useForm } from "@/ui/use-form";
import type { Choice } from "./place-fields";
import { useSaveTrust } from "./queries";
import { asked, PERMISSIONS, ScopeFields, USUAL } from "./scope-fields";

const KNOWN = {
  github: { issuer: "https://token.actions.githubusercontent.com", claims: "repository=acme/shop\nref=refs/heads/main" },
  gitlab: { issuer: "https://gitlab.com", claims: "project_path=acme/shop\nref=main\nref_protected=true" },
  other: { issuer: "https://", claims: "sub=" },
} as const;
type System = keyof typeof KNOWN;
const LIVES = [5, 15, 30, 60];

interface TrustFormProps {
  org: string;
  trust?: Trust;
  projects: Choice[];
  environments: Choice[];
  onProject: (project: string) => void;
  accounts: ServiceAccount[];
  /** What is proposed for a new one. */
  audience: string;
  onClose: () => void;
}

function systemOf(issuer: string): System {
  return issuer === KNOWN.github.issuer ? "github" : issuer === KNOWN.gitlab.issuer ? "gitlab" : "other";
}

/** Lines of name=value, as they are typed. */
function readClaims(text: string) {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) => {
      const at = line.indexOf("=");
      return at < 0 ? { name: line, pattern: "" } : { name: line.slice(0, at).trim(), pattern: line.slice(at + 1).trim() };
    });
}

export function TrustForm({ org, trust, projects, environments, onProject, accounts, audience, onClose }: TrustFormProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const save = useSaveTrust(org);
  const form = useForm(
    {
      system: trust ? systemOf(trust.issuer) : ("github"),
      name: trust?.name ?? "",
      account: trust?.account.id ?? accounts[0]?.id ?? "",
      issuer: trust?.issuer ?? KNOWN.github.issuer,
      audience: trust?.audience ?? audience,
      claims: trust?.claims.map((claim) => `${claim.name}=${claim.pattern}`).join("\n") ?? KNOWN.github.claims,
      projects: trust?.project_ids ?? [],
      environments: trust?.environment_ids ?? [],
      permissions: PERMISSIONS.filter((one) => (trust?.permissions ?? USUAL).includes(one)),
      minutes: trust?.life_minutes ?? 30,
    },
    async (values) => {
      const body = {
        name: values.name,
        account: values.account,
        issuer: values.issuer.trim(),
        audience: values.audience.trim(),
        claims: readClaims(values.claims),
        ...asked(values),
        life_minutes: values.minutes,
      };
      await save.mutateAsync({ trust: trust?.id, body });
      onClose();
    },
  );
  const { values, set, errorOf } = form;
  const choose = (system: System) => {
    set("system", system);
    set("issuer", KNOWN[system].issuer);
    set("claims", KNOWN[system].claims);
  };
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={trust ? t("webhooks.changeTitle", { name: trust.name }) : t("trusts.new")}
      description={t("trusts.newLead")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" busy={form.busy} onClick={() => void form.submit()}>
            {trust ? t("common.save") : t("common.add")}
          </Button>
        </>
      }
    >
      <form className="grid gap-4 sm:grid-cols-2" onSubmit={(event) => void form.submit(event)}>
        {!trust && (
          <div className="sm:col-span-2">
            <Segmented
              label={t("trusts.system")}
              value={values.system}
              onChange={choose}
              options={[
                { value: "github", label: "GitHub Actions" },
                { value: "gitlab", label: "GitLab" },
                { value: "other", label: t("trusts.other") },
              ]}
            />
          </div>
        )}
        <Field label={t("tokens.name")} hint={t("tokens.nameHint")} error={errorOf("name")}>
          <Input data-autofocus value={values.name} maxLength={200} onChange={(event) => set("name", event.target.value)} />
        </Field>
        <Field label={t("trusts.account")} hint={t("tokens.ownerHint")} error={errorOf("account")}>
          <Select value={values.account} onChange={(event) => set("account", event.target.value)}>
            {accounts.map((account) => (
              <option key={account.id} value={account.id}>
                {account.name}
              </option>
            ))}
          </Select>
        </Field>
        <Field label={t("trusts.issuer")} hint={t("trusts.issuerHint")} error={errorOf("issuer") ?? errorOf("url")}>
          <Input mono value={values.issuer} maxLength={500} onChange={(event) => set("issuer", event.target.value)} />
        </Field>
        <Field label={t("trusts.audience")} hint={t("trusts.audienceHint")} error={errorOf("audience")}>
          <Input mono value={values.audience} maxLength={500} onChange={(event) => set("audience", event.target.value)} />
        </Field>
        <Field className="sm:col-span-2" label={t("trusts.claims")} hint={t("trusts.claimsHint")} error={errorOf("claims")}>
          <TextArea mono rows={4} value={values.claims} onChange={(event) => set("claims", event.target.value)} />
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
        <Field label={t("tokens.life")} hint={t("trusts.lifeHint")} error={errorOf("life_minutes")}>
          <Select value={values.minutes} onChange={(event) => set("minutes", Number(event.target.value))}>
            {[...new Set([...LIVES, values.minutes])].sort((a, b) => a - b).map((minutes) => (
              <option key={minutes} value={minutes}>
                {t("trusts.minutes", { count: minutes })}
              </option>
            ))}
          </Select>
        </Field>
        {Boolean(form.error) && <TroubleNotice trouble={trouble(form.error)} className="sm:col-span-2" />}
        <button type="submit" hidden />
      </form>
    </Dialog>
  );
}
