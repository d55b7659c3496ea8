import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Chip } from "@/ui/chip";
import { CopyButton } from "@/ui/copy-button";
import { Field, Input } from "@/ui/field";
import { TroubleNotice } from "@/ui/notice";
import { useForm } from "@/ui/use-form";
import { type Domain, useAddDomain, useCheckDomain, useRemoveDomain } from "./queries";

/** The domains that the provider speaks for, each with the record that proves it. */
export function Domains({ org, domains }: { org: string; domains: readonly Domain[] }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const add = useAddDomain(org);
  const check = useCheckDomain(org);
  const remove = useRemoveDomain(org);
  const form = useForm({ domain: "" }, async ({ domain }) => {
    await add.mutateAsync(domain.trim());
    form.replace({ domain: "" });
  });
  const failed = check.error ?? remove.error;
  return (
    <section className="flex flex-col gap-3">
      <h2 className="font-semibold">{t("sso.domains")}</h2>
      <p className="text-sm text-muted">{t("sso.domainsHint")}</p>
      {failed && <TroubleNotice trouble={trouble(failed)} />}
      {domains.length > 0 && (
        <ul className="divide-y divide-line border-y border-line">
          {domains.map((one) => (
            <li key={one.domain} className="flex flex-wrap items-center gap-x-3 gap-y-1.5 py-2">
              <div className="min-w-0 flex-1 basis-52 text-sm">
                {one.domain} <Chip tone={one.proven_at ? "applied" : "pending"}>{t(one.proven_at ? "sso.proven" : "sso.unproven")}</Chip>
              </div>
              {!one.proven_at && (
                <Button size="small" busy={check.isPending && check.variables === one.domain} onClick={() => check.mutate(one.domain)}>
                  {t("sso.check")}
                </Button>
              )}
              <Button size="small" variant="danger" busy={remove.isPending && remove.variables === one.domain} onClick={() => remove.mutate(one.domain)}>
                {t("sso.removeDomain")}
              </Button>
              {!one.proven_at && (
                <p className="flex basis-full flex-wrap items-center gap-x-2 text-xs text-muted">
                  <code className="font-mono break-all">
                    {one.record} TXT "{one.proof}"
                  </code>
                  <CopyButton text={one.proof} />
                </p>
              )}
            </li>
          ))}
        </ul>
      )}
      <form className="flex max-w-md flex-wrap items-end gap-3" noValidate onSubmit={(event) => void form.submit(event)}>
        {form.error !== null && (
          <div className="basis-full">
            <TroubleNotice trouble={trouble(form.error)} />
          </div>
        )}
        <Field label={t("sso.domain")} error={form.errorOf("domain")} className="flex-1 basis-52">
          <Input mono placeholder="example.com" value={form.values.domain} onChange={(event) => form.set("domain", event.target.value)} />
        </Field>
        <Button type="submit" busy={form.busy} className="h-8">
          {t("sso.addDomain")}
        </Button>
      </form>
    </section>
  );
}
