import { useLanguage } from "@/i18n";
import { Field, Input, TextArea } from "@/ui/field";
import { Segmented } from "@/ui/segmented";
import type { Form } from "@/ui/use-form";
import type { CredentialKind, CredentialValues } from "./values";

interface CredentialFieldsProps {
  form: Pick<Form<CredentialValues>, "values" | "set" | "errorOf">;
  hasCredential: boolean;
}

/** How the repository is opened; what is stored is kept unless something is typed. */
export function CredentialFields({ form, hasCredential }: CredentialFieldsProps) {
  const { t } = useLanguage();
  const kinds: { value: CredentialKind; label: string }[] = [
    ...(hasCredential ? [{ value: "keep" as const, label: t("projects.credential.keep") }] : []),
    { value: "none", label: t("projects.credential.none") },
    { value: "token", label: t("projects.credential.token") },
    { value: "ssh", label: t("projects.credential.ssh") },
  ];
  return (
    <fieldset className="flex min-w-0 flex-col gap-2">
      <legend className="mb-1 text-sm font-medium">{t("projects.credential")}</legend>
      <Segmented
        label={t("projects.credential")}
        value={form.values.credentialKind}
        onChange={(kind) => form.set("credentialKind", kind)}
        options={kinds}
      />
      {form.values.credentialKind === "token" && (
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={t("projects.credential.username")} optional={t("common.optional")} error={form.errorOf("credential.username")}>
            <Input mono value={form.values.username} onChange={(event) => form.set("username", event.target.value)} />
          </Field>
          <Field label={t("projects.credential.password")} error={form.errorOf("credential.password")}>
            <Input
              mono
              type="password"
              autoComplete="new-password"
              value={form.values.password}
              onChange={(event) => form.set("password", event.target.value)}
            />
          </Field>
        </div>
      )}
      {form.values.credentialKind === "ssh" && (
        <>
          <Field label={t("projects.credential.key")} error={form.errorOf("credential.ssh_private_key")}>
            <TextArea
              mono
              rows={4}
              placeholder="-----BEGIN OPENSSH PRIVATE KEY-----"
              value={form.values.ssh_private_key}
              onChange={(event) => form.set("ssh_private_key", event.target.value)}
            />
          </Field>
          <Field
            label="known_hosts"
            optional={t("common.optional")}
            hint={t("projects.credential.knownHostsHint")}
            error={form.errorOf("credential.known_hosts")}
          >
            <TextArea mono rows={2} value={form.values.known_hosts} onChange={(event) => form.set("known_hosts", event.target.value)} />
          </Field>
        </>
      )}
      <p className="text-xs text-muted">{t("projects.credential.hint")}</p>
    </fieldset>
  );
}
