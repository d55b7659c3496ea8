import { Plus, X } from "lucide-react";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";
import { Checkbox, Field, Input, Select } from "@/ui/field";
import { Notice, TroubleNotice } from "@/ui/notice";
import { Failed, SkeletonRows } from "@/ui/states";
import { useForm } from "@/ui/use-form";
import { Domains } from "./domains";
import { type Provider, type ProviderChange, useDeleteProvider, useProvider, useSetProvider } from "./queries";

interface ProviderSettingsProps {
  org: string;
  why: string | null;
  groups: readonly { id: string; name: string }[];
}

/** An organization's identity provider: its address, its domains, and what it decides. */
export function ProviderSettings({ org, why, groups }: ProviderSettingsProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const found = useProvider(org, why === null);
  const end = useDeleteProvider(org);
  if (why) return <Notice>{why}</Notice>;
  if (found.isError) return <Failed trouble={trouble(found.error)} onRetry={() => void found.refetch()} />;
  if (!found.data) return <SkeletonRows rows={5} />;
  const { provider, redirect_uri: redirect } = found.data;
  return (
    <div className="flex flex-col gap-8">
      <div className="flex flex-col gap-3">
        <p className="text-sm text-muted">{t("sso.lead")}</p>
        <p className="flex flex-wrap items-center gap-2 text-sm">
          {t("sso.redirect")} <code className="font-mono text-xs break-all">{redirect}</code> <CopyButton text={redirect} />
        </p>
      </div>
      <ProviderForm key={provider ? "there" : "new"} org={org} provider={provider ?? null} groups={groups} />
      {provider && <Domains org={org} domains={provider.domains} />}
      {provider && (
        <section className="flex flex-col gap-3">
          <h2 className="font-semibold">{t("sso.end")}</h2>
          <p className="text-sm text-muted">{t("sso.endHint")}</p>
          {end.isError && <TroubleNotice trouble={trouble(end.error)} />}
          <div>
            <Button variant="danger" busy={end.isPending} onClick={() => end.mutate(undefined)}>
              {t("sso.end")}
            </Button>
          </div>
        </section>
      )}
    </div>
  );
}

function ProviderForm({ org, provider, groups }: { org: string; provider: Provider | null; groups: ProviderSettingsProps["groups"] }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const save = useSetProvider(org);
  const form = useForm(
    {
      issuer: provider?.issuer ?? "",
      client_id: provider?.client_id ?? "",
      client_secret: "",
      admits: provider?.admits ?? false,
      enforced: provider?.enforced ?? false,
      groups_claim: provider?.groups_claim ?? "groups",
      mapping: provider?.mapping ?? [],
    },
    async ({ client_secret, mapping, ...values }) => {
      const body: ProviderChange = { ...values, mapping: mapping.filter((one) => one.value.trim() !== ""), client_secret: client_secret || null };
      await save.mutateAsync(body);
    },
  );
  const { mapping } = form.values;
  const setRow = (index: number, change: Partial<(typeof mapping)[number]>) =>
    form.set("mapping", mapping.map((one, at) => (at === index ? { ...one, ...change } : one)));
  return (
    <form className="flex flex-col gap-4" noValidate onSubmit={(event) => void form.submit(event)}>
      {form.error !== null && <TroubleNotice trouble={trouble(form.error)} />}
      <Field label={t("sso.issuer")} hint={t("sso.issuerHint")} error={form.errorOf("issuer")} className="max-w-xl">
        <Input mono placeholder="https://login.example.com" value={form.values.issuer} onChange={(event) => form.set("issuer", event.target.value)} />
      </Field>
      <div className="flex max-w-xl flex-wrap gap-3">
        <Field label={t("sso.client")} error={form.errorOf("client_id")} className="flex-1 basis-52">
          <Input mono value={form.values.client_id} onChange={(event) => form.set("client_id", event.target.value)} />
        </Field>
        <Field
          label={t("sso.secret")}
          hint={provider?.has_secret ? t("sso.secretKept") : undefined}
          error={form.errorOf("client_secret")}
          className="flex-1 basis-52"
        >
          <Input
            type="password"
            autoComplete="off"
            value={form.values.client_secret}
            onChange={(event) => form.set("client_secret", event.target.value)}
          />
        </Field>
      </div>
      <Checkbox label={t("sso.admits")} checked={form.values.admits} onChange={(event) => form.set("admits", event.target.checked)} />
      <Checkbox label={t("sso.enforced")} checked={form.values.enforced} onChange={(event) => form.set("enforced", event.target.checked)} />
      <fieldset className="flex flex-col gap-3">
        <legend className="mb-1 font-semibold">{t("sso.mapping")}</legend>
        <p className="text-sm text-muted">{t("sso.mappingHint")}</p>
        <Field label={t("sso.claim")} error={form.errorOf("groups_claim")} className="max-w-52">
          <Input mono value={form.values.groups_claim} onChange={(event) => form.set("groups_claim", event.target.value)} />
        </Field>
        {mapping.map((one, index) => (
          <div key={index} className="flex flex-wrap items-end gap-3">
            <Field label={t("sso.value")} className="flex-1 basis-40">
              <Input mono value={one.value} onChange={(event) => setRow(index, { value: event.target.value })} />
            </Field>
            <Field label={t("members.role")} className="w-40">
              <Select value={one.role ?? ""} onChange={(event) => setRow(index, { role: (event.target.value || null) as "admin" | "member" | null })}>
                <option value="">{t("sso.none")}</option>
                <option value="member">{t("members.role.member")}</option>
                <option value="admin">{t("members.role.admin")}</option>
              </Select>
            </Field>
            <Field label={t("sso.group")} className="w-40">
              <Select value={one.group ?? ""} onChange={(event) => setRow(index, { group: event.target.value || null })}>
                <option value="">{t("sso.none")}</option>
                {groups.map((group) => (
                  <option key={group.id} value={group.id}>
                    {group.name}
                  </option>
                ))}
              </Select>
            </Field>
            <Button
              variant="quiet"
              className="h-8"
              aria-label={t("sso.removeRow")}
              onClick={() => form.set("mapping", mapping.filter((_, at) => at !== index))}
            >
              <X aria-hidden className="size-4" />
            </Button>
          </div>
        ))}
        <div>
          <Button size="small" onClick={() => form.set("mapping", [...mapping, { value: "", role: null, group: null }])}>
            <Plus aria-hidden className="size-3.5" /> {t("sso.addRow")}
          </Button>
        </div>
      </fieldset>
      <div className="flex items-center gap-3">
        <Button type="submit" variant="primary" busy={form.busy}>
          {t("common.save")}
        </Button>
        {save.isSuccess && form.error === null && (
          <span role="status" className="text-sm text-applied">
            {t("common.saved")}
          </span>
        )}
      </div>
    </form>
  );
}
