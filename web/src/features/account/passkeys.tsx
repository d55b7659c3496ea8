/** The passkeys of one's account: adding and removing take the present password. */
import { useState } from "react";
import { canUsePasskeys } from "@/api/passkeys";
import type { Passkey } from "@/api/types";
import { usePasskeyTrouble } from "@/api/use-passkey-trouble";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Chip } from "@/ui/chip";
import { Dialog } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import { Notice, TroubleNotice } from "@/ui/notice";
import { Failed, SkeletonRows } from "@/ui/states";
import { Ago } from "@/ui/time";
import { useForm } from "@/ui/use-form";
import { useAddPasskey, usePasskeys, useRemovePasskey, useRenamePasskey } from "./queries";

type Opened = { passkey: Passkey; act: "rename" | "remove" };

export function Passkeys() {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const found = usePasskeys();
  const [opened, setOpened] = useState<Opened | null>(null);
  if (found.isError) return <Failed trouble={trouble(found.error)} onRetry={() => void found.refetch()} />;
  if (!found.data) return <SkeletonRows rows={2} />;
  const close = () => setOpened(null);
  return (
    <div className="flex flex-col gap-4">
      <p>{t("passkeys.lead")}</p>
      <ul aria-label={t("passkeys.title")} className="divide-y divide-line border-y border-line empty:hidden">
        {found.data.map((one) => (
          <li key={one.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 py-2">
            <div className="min-w-0 flex-1 basis-60">
              <p className="truncate text-sm" title={one.name}>
                {one.name} {one.backed_up && <Chip tone="neutral">{t("passkeys.backedUp")}</Chip>}
              </p>
              <p className="text-xs text-muted">
                {t("passkeys.added")} <Ago at={one.created_at} /> ·{" "}
                {one.last_used_at ? (
                  <>
                    {t("passkeys.used")} <Ago at={one.last_used_at} />
                  </>
                ) : (
                  t("passkeys.unused")
                )}
              </p>
            </div>
            <div className="flex gap-2">
              <Button size="small" aria-label={t("passkeys.renameOne", { name: one.name })} onClick={() => setOpened({ passkey: one, act: "rename" })}>
                {t("passkeys.rename")}
              </Button>
              <Button size="small" variant="danger" aria-label={t("passkeys.removeOne", { name: one.name })} onClick={() => setOpened({ passkey: one, act: "remove" })}>
                {t("common.remove")}
              </Button>
            </div>
          </li>
        ))}
      </ul>
      {canUsePasskeys() ? <Add /> : <Notice kind="info">{t("passkeys.trouble.unsupported.detail")}</Notice>}
      {opened?.act === "rename" && <Rename passkey={opened.passkey} onClose={close} />}
      {opened?.act === "remove" && <Remove passkey={opened.passkey} onClose={close} />}
    </div>
  );
}

function Add() {
  const { t } = useLanguage();
  const trouble = usePasskeyTrouble();
  const add = useAddPasskey();
  const form = useForm({ name: "", current: "" }, async ({ name, current }) => {
    await add.mutateAsync({ name: name.trim() || t("passkeys.nameless"), current });
    form.replace({ name: "", current: "" });
  });
  const told = form.error === null ? null : trouble(form.error);
  return (
    <form className="flex max-w-md flex-col gap-3" noValidate onSubmit={(event) => void form.submit(event)}>
      {told && <TroubleNotice trouble={told} />}
      {add.isSuccess && <Notice kind="success">{t("passkeys.done")}</Notice>}
      <Field label={t("passkeys.name")} hint={t("passkeys.nameHint")} error={form.errorOf("name")}>
        <Input name="passkey-name" maxLength={200} value={form.values.name} onChange={(event) => form.set("name", event.target.value)} />
      </Field>
      <Field label={t("account.current")} error={form.errorOf("current")}>
        <Input type="password" autoComplete="current-password" value={form.values.current} onChange={(event) => form.set("current", event.target.value)} />
      </Field>
      <div>
        <Button type="submit" busy={form.busy}>
          {t("passkeys.add")}
        </Button>
      </div>
    </form>
  );
}

function Rename({ passkey, onClose }: { passkey: Passkey; onClose: () => void }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const rename = useRenamePasskey();
  const form = useForm({ name: passkey.name }, async ({ name }) => {
    await rename.mutateAsync({ id: passkey.id, name });
    onClose();
  });
  return (
    <Dialog open onClose={onClose} title={t("passkeys.renameOne", { name: passkey.name })}>
      <form className="flex flex-col gap-3" noValidate onSubmit={(event) => void form.submit(event)}>
        {form.error !== null && <TroubleNotice trouble={trouble(form.error)} />}
        <Field label={t("passkeys.name")} error={form.errorOf("name")}>
          <Input data-autofocus maxLength={200} value={form.values.name} onChange={(event) => form.set("name", event.target.value)} />
        </Field>
        <div>
          <Button type="submit" variant="primary" busy={form.busy}>
            {t("common.save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Remove({ passkey, onClose }: { passkey: Passkey; onClose: () => void }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const remove = useRemovePasskey();
  const form = useForm({ current: "" }, async ({ current }) => {
    await remove.mutateAsync({ id: passkey.id, current });
    onClose();
  });
  return (
    <Dialog open onClose={onClose} title={t("passkeys.removeOne", { name: passkey.name })} description={t("passkeys.removeHint")}>
      <form className="flex flex-col gap-3" noValidate onSubmit={(event) => void form.submit(event)}>
        {form.error !== null && <TroubleNotice trouble={trouble(form.error)} />}
        <Field label={t("account.current")} error={form.errorOf("current")}>
          <Input data-autofocus type="password" autoComplete="current-password" value={form.values.current} onChange={(event) => form.set("current", event.target.value)} />
        </Field>
        <div>
          <Button type="submit" variant="danger-primary" busy={form.busy}>
            {t("common.remove")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
