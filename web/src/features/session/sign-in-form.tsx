import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, unwrap } from "@/api/client";
import { canUsePasskeys } from "@/api/passkeys";
import { asProblem } from "@/api/problem";
import { usePasskeyTrouble } from "@/api/use-passkey-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Field, Input } from "@/ui/field";
import { Notice, TroubleNotice } from "@/ui/notice";
import { useForm } from "@/ui/use-form";
import { PasskeySignIn } from "./passkey-sign-in";
import { askPasskey, signIn } from "./queries";

interface SignInFormProps {
  /** Who is expected. */
  email?: string;
  onDone: () => Promise<void> | void;
}

export function SignInForm({ email: expected = "", onDone }: SignInFormProps) {
  const { t } = useLanguage();
  const trouble = usePasskeyTrouble();
  const [asksCode, setAsksCode] = useState(false);
  const [takesPasskey, setTakesPasskey] = useState(false);
  const form = useForm({ email: expected, password: "", code: "" }, async ({ email, password, code }) => {
    try {
      await signIn(email.trim(), password, asksCode && code ? { code } : {});
    } catch (cause) {
      if (asProblem(cause).code !== "second_factor_needed") throw cause;
      setAsksCode(true);
      setTakesPasskey(asProblem(cause).params["passkey"] === true && canUsePasskeys());
      return;
    }
    await onDone();
  });
  const second = useForm({}, async () => {
    await signIn(form.values.email.trim(), form.values.password, { passkey: await askPasskey() });
    await onDone();
  });
  const told = second.error === null ? null : trouble(second.error);
  const problem = form.error ? asProblem(form.error) : null;
  return (
    <>
      <form onSubmit={(event) => void form.submit(event)} className="flex flex-col gap-4" noValidate>
        {problem &&
          (problem.status === 401 ? (
            <Notice kind="error" title={t("session.wrong")}>
              {t("session.wrongHint")}
            </Notice>
          ) : problem.unreachable ? (
            <Notice kind="error" title={t("common.unreachable.title")}>
              {t("common.unreachable.detail")}
            </Notice>
          ) : (
            <>
              <TroubleNotice trouble={problem} />
              {problem.code === "email_unverified" && <SendAgain email={form.values.email.trim()} />}
          </>
        ))}
      <Field label={t("session.email")} error={form.errorOf("email")}>
        <Input
          type="email"
          name="email"
          autoComplete="username webauthn"
          autoFocus={!expected}
          value={form.values.email}
          onChange={(event) => form.set("email", event.target.value)}
        />
      </Field>
      <Field label={t("session.password")} error={form.errorOf("password")}>
        <Input
          type="password"
          name="password"
          autoComplete="current-password"
          data-autofocus={expected ? true : undefined}
          value={form.values.password}
          onChange={(event) => form.set("password", event.target.value)}
        />
      </Field>
      {asksCode && (
        <Field label={t("session.code")} hint={t("session.codeHint")} error={form.errorOf("code")}>
          <Input
            name="code"
            mono
            autoFocus
            autoComplete="one-time-code"
            value={form.values.code}
            onChange={(event) => form.set("code", event.target.value)}
          />
        </Field>
      )}
      <Button type="submit" variant="primary" size="large" busy={form.busy}>
        {t("session.submit")}
      </Button>
    </form>
    {asksCode && takesPasskey && (
      <div className="mt-3 flex flex-col gap-3">
        <Button size="large" busy={second.busy} onClick={() => void second.submit()}>
          {t("passkeys.instead")}
        </Button>
        {told && <TroubleNotice trouble={told} />}
      </div>
    )}
    {!asksCode && <PasskeySignIn onDone={onDone} />}
    </>
  );
}

/** For an account whose address was never confirmed: its letter may be lost. */
function SendAgain({ email }: { email: string }) {
  const { t, locale } = useLanguage();
  const send = useMutation({ mutationFn: () => unwrap(api.POST("/api/auth/verification", { body: { email, locale } })) });
  if (send.isSuccess) return <Notice kind="success">{t("outside.signUpSent", { email })}</Notice>;
  if (send.isError) return <TroubleNotice trouble={asProblem(send.error)} />;
  return (
    <Button busy={send.isPending} onClick={() => send.mutate()}>
      {t("session.unverified")}
    </Button>
  );
}
