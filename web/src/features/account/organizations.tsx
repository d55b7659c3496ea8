import type { ReactNode } from "react";
import type { Me } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Chip } from "@/ui/chip";
import { Field, Input } from "@/ui/field";
import { TroubleNotice } from "@/ui/notice";
import { useForm } from "@/ui/use-form";
import { useFound, useLeave } from "./queries";

interface OrganizationsProps {
  me: Me;
  link: (slug: string, label: string) => ReactNode;
  onFounded: (slug: string) => void;
}

/** Where somebody belongs, leaving, and founding one's own. */
export function Organizations({ me, link, onFounded }: OrganizationsProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const leave = useLeave();
  const found = useFound();
  const form = useForm({ name: "", slug: "" }, async (values) => {
    await found.mutateAsync(values);
    onFounded(values.slug);
  });
  return (
    <div className="flex flex-col gap-6">
      {leave.isError && <TroubleNotice trouble={trouble(leave.error)} />}
      <ul className="divide-y divide-line border-y border-line empty:hidden">
        {me.organizations.map((one) => (
          <li key={one.id} className="flex flex-wrap items-center gap-3 py-2">
            <span className="min-w-0 flex-1 truncate [&_a]:text-accent-text [&_a]:underline">{link(one.slug, one.name)}</span>
            <Chip tone="neutral">{one.role}</Chip>
            <Button size="small" variant="danger" busy={leave.isPending && leave.variables === one.slug} onClick={() => leave.mutate(one.slug)}>
              {t("account.leave")}
            </Button>
          </li>
        ))}
      </ul>
      <form className="flex max-w-md flex-col gap-3" noValidate onSubmit={(event) => void form.submit(event)}>
        <h2 className="font-semibold">{t("account.found")}</h2>
        {form.error !== null && <TroubleNotice trouble={trouble(form.error)} />}
        <Field label={t("account.name")} error={form.errorOf("name")}>
          <Input value={form.values.name} onChange={(event) => form.set("name", event.target.value)} />
        </Field>
        <Field label={t("account.slug")} hint={t("account.slugHint")} error={form.errorOf("slug")}>
          <Input mono value={form.values.slug} onChange={(event) => form.set("slug", event.target.value)} />
        </Field>
        <div>
          <Button type="submit" busy={form.busy}>
            {t("account.found")}
          </Button>
        </div>
      </form>
    </div>
  );
}
