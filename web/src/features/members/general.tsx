import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Field, Input, Select } from "@/ui/field";
import { TroubleNotice } from "@/ui/notice";
import { useForm } from "@/ui/use-form";
import { DemandedFactor } from "./demanded-factor";
import { useDeleteOrganization, useMembers, useRename, useTransfer } from "./queries";

interface GeneralProps {
  org: string;
  name: string;
  me: string;
  why: (permission: string) => string | null;
  onRenamed: (slug: string) => void;
  onGone: () => void;
}

const FORM = "flex max-w-md flex-col gap-3";

/** Name, handing over, deleting. */
export function General({ org, name, me, why, onRenamed, onGone }: GeneralProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const rename = useRename(org);
  const form = useForm({ name, slug: org }, async (values) => {
    await rename.mutateAsync(values);
    if (values.slug !== org) onRenamed(values.slug);
  });
  return (
    <div className="flex flex-col gap-8">
      <form className={FORM} noValidate onSubmit={(event) => void form.submit(event)}>
        {form.error !== null && <TroubleNotice trouble={trouble(form.error)} />}
        <Field label={t("account.name")} error={form.errorOf("name")}>
          <Input value={form.values.name} onChange={(event) => form.set("name", event.target.value)} />
        </Field>
        <Field label={t("account.slug")} hint={t("account.slugHint")} error={form.errorOf("slug")}>
          <Input mono value={form.values.slug} onChange={(event) => form.set("slug", event.target.value)} />
        </Field>
        <div>
          <Button type="submit" variant="primary" why={why("organization.manage")} busy={form.busy}>
            {t("common.save")}
          </Button>
        </div>
      </form>
      <DemandedFactor org={org} why={why("provider.manage")} />
      <HandOver org={org} me={me} why={why("organization.transfer")} />
      <Deletion org={org} why={why("organization.delete")} onGone={onGone} />
    </div>
  );
}

function HandOver({ org, me, why }: { org: string; me: string; why: string | null }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const members = useMembers(org);
  const transfer = useTransfer(org);
  const form = useForm({ person: "", current: "" }, async (values) => {
    await transfer.mutateAsync(values);
    form.replace({ person: "", current: "" });
  });
  return (
    <form className={FORM} noValidate onSubmit={(event) => void form.submit(event)}>
      <h2 className="font-semibold">{t("members.transfer")}</h2>
      <p className="text-sm text-muted">{t("members.transferHint")}</p>
      {form.error !== null && <TroubleNotice trouble={trouble(form.error)} />}
      <Field label={t("members.transferTo")} error={form.errorOf("person")}>
        <Select value={form.values.person} onChange={(event) => form.set("person", event.target.value)}>
          <option value="" />
          {members.data
            ?.filter((one) => one.id !== me)
            .map((one) => (
              <option key={one.id} value={one.id}>
                {one.name} ({one.email})
              </option>
            ))}
        </Select>
      </Field>
      <Field label={t("account.current")} error={form.errorOf("current")}>
        <Input type="password" autoComplete="current-password" value={form.values.current} onChange={(event) => form.set("current", event.target.value)} />
      </Field>
      <div>
        <Button type="submit" variant="danger" why={why} disabled={form.values.person === ""} busy={form.busy}>
          {t("members.transfer")}
        </Button>
      </div>
    </form>
  );
}

function Deletion({ org, why, onGone }: { org: string; why: string | null; onGone: () => void }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const remove = useDeleteOrganization(org);
  const form = useForm({ slug: "", current: "" }, async (values) => {
    await remove.mutateAsync(values);
    onGone();
  });
  return (
    <form className={FORM} noValidate onSubmit={(event) => void form.submit(event)}>
      <h2 className="font-semibold">{t("members.delete")}</h2>
      <p className="text-sm text-muted">{t("members.deleteHint")}</p>
      {form.error !== null && <TroubleNotice trouble={trouble(form.error)} />}
      <Field label={t("members.deleteConfirm", { name: org })} error={form.errorOf("slug")}>
        <Input mono value={form.values.slug} onChange={(event) => form.set("slug", event.target.value)} />
      </Field>
      <Field label={t("account.current")} error={form.errorOf("current")}>
        <Input type="password" autoComplete="current-password" value={form.values.current} onChange={(event) => form.set("current", event.target.value)} />
      </Field>
      <div>
        <Button type="submit" variant="danger-primary" why={why} disabled={form.values.slug !== org} busy={form.busy}>
          {t("members.delete")}
        </Button>
      </div>
    </form>
  );
}
