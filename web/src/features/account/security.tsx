/** Password, address and second factor: each change takes the present password. */
import { useState } from "react";
import { useTrouble } from "@/api/use-trouble";
import type { SecondFactorSetup } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";
import { Field, Input } from "@/ui/field";
import { Notice, TroubleNotice } from "@/ui/notice";
import { Failed, SkeletonRows } from "@/ui/states";
import { useForm } from "@/ui/use-form";
import { useBeginSecondFactor, useChangeEmail, useChangePassword, useConfirmSecondFactor, useEndSecondFactor, useSecurity } from "./queries";

const FORM = "flex max-w-md flex-col gap-3";

export function PasswordForm() {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const change = useChangePassword();
  const form = useForm({ current: "", new: "" }, async (values) => {
    await change.mutateAsync(values);
    form.replace({ current: "", new: "" });
  });
  return (
    <form className={FORM} noValidate onSubmit={(event) => void form.submit(event)}>
      {form.error !== null && <TroubleNotice trouble={trouble(form.error)} />}
      {change.isSuccess && <Notice kind="success">{t("account.passwordChanged")}</Notice>}
      <Field label={t("account.current")} error={form.errorOf("current")}>
        <Input type="password" autoComplete="current-password" value={form.values.current} onChange={(event) => form.set("current", event.target.value)} />
      </Field>
      <Field label={t("account.newPassword")} hint={t("account.passwordHint")} error={form.errorOf("password")}>
        <Input type="password" autoComplete="new-password" value={form.values.new} onChange={(event) => form.set("new", event.target.value)} />
      </Field>
      <div>
        <Button type="submit" variant="primary" busy={form.busy}>
          {t("account.changePassword")}
        </Button>
      </div>
    </form>
  );
}

export function EmailForm() {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const [sent, setSent] = useState("");
  const change = useChangeEmail();
  const form = useForm({ email: "", current: "" }, async (values) => {
    await change.mutateAsync({ ...values, email: values.email.trim() });
    setSent(values.email.trim());
  });
  return (
    <form className={FORM} noValidate onSubmit={(event) => void form.submit(event)}>
      {form.error !== null && <TroubleNotice trouble={trouble(form.error)} />}
      {sent && <Notice kind="success">{t("account.emailSent", { email: sent })}</Notice>}
      <Field label={t("account.newEmail")} error={form.errorOf("email")}>
        <Input type="email" autoComplete="email" value={form.values.email} onChange={(event) => form.set("email", event.target.value)} />
      </Field>
      <Field label={t("account.current")} error={form.errorOf("current")}>
        <Input type="password" autoComplete="current-password" value={form.values.current} onChange={(event) => form.set("current", event.target.value)} />
      </Field>
      <div>
        <Button type="submit" busy={form.busy}>
          {t("account.changeEmail")}
        </Button>
      </div>
    </form>
  );
}

export function SecondFactor() {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const security = useSecurity();
  const [setup, setSetup] = useState<SecondFactorSetup | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const begin = useBeginSecondFactor();
  const end = useEndSecondFactor();
  const form = useForm({ current: "" }, async ({ current }) => {
    if (security.data?.second_factor) await end.mutateAsync(current);
    else setSetup(await begin.mutateAsync(current));
    form.replace({ current: "" });
    setCodes(null);
  });
  if (security.isError) return <Failed trouble={trouble(security.error)} onRetry={() => void security.refetch()} />;
  if (!security.data) return <SkeletonRows rows={2} />;
  const on = security.data.second_factor;
  return (
    <div className="flex flex-col gap-4">
      <p>{on ? t("account.factorOn", { count: security.data.recovery_codes_left }) : t("account.factorOff")}</p>
      {codes && <RecoveryCodes codes={codes} />}
      {setup ? (
        <Confirm
          setup={setup}
          onDone={(made) => {
            setSetup(null);
            setCodes(made);
          }}
        />
      ) : (
        <form className={FORM} noValidate onSubmit={(event) => void form.submit(event)}>
          {form.error !== null && <TroubleNotice trouble={trouble(form.error)} />}
          <Field label={t("account.current")} error={form.errorOf("current")}>
            <Input type="password" autoComplete="current-password" value={form.values.current} onChange={(event) => form.set("current", event.target.value)} />
          </Field>
          <div>
            <Button type="submit" variant={on ? "danger" : "plain"} busy={form.busy}>
              {on ? t("account.factorEnd") : t("account.factorBegin")}
            </Button>
          </div>
        </form>
      )}
    </div>
  );
}

function Confirm({ setup, onDone }: { setup: SecondFactorSetup; onDone: (codes: string[]) => void }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const confirm = useConfirmSecondFactor();
  const form = useForm({ code: "" }, async ({ code }) => onDone((await confirm.mutateAsync(code)).codes));
  return (
    <form className={FORM} noValidate onSubmit={(event) => void form.submit(event)}>
      <p>{t("account.factorScan")}</p>
      {/* On white in both themes: cameras read nothing else as surely. */}
      <img src={setup.picture} alt="" className="size-44 rounded-md bg-white" />
      <p className="flex items-center gap-2 text-sm">
        {t("account.factorKey")} <code className="font-mono break-all">{setup.secret}</code> <CopyButton text={setup.secret} />
      </p>
      {form.error !== null && <TroubleNotice trouble={trouble(form.error)} />}
      <Field label={t("session.code")} error={form.errorOf("code")}>
        <Input mono inputMode="numeric" autoComplete="one-time-code" value={form.values.code} onChange={(event) => form.set("code", event.target.value)} />
      </Field>
      <div>
        <Button type="submit" variant="primary" busy={form.busy}>
          {t("account.factorConfirm")}
        </Button>
      </div>
    </form>
  );
}

function RecoveryCodes({ codes }: { codes: string[] }) {
  const { t } = useLanguage();
  return (
    <Notice kind="warning" title={t("account.recovery")} action={<CopyButton text={codes.join("\n")} />}>
      <p>{t("account.recoveryHint")}</p>
      <ul className="mt-2 grid grid-cols-2 gap-1 font-mono max-sm:grid-cols-1">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
    </Notice>
  );
}
