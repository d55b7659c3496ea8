/** Opening an account, confirming an address, a forgotten password: the links of letters lead here. */
import { useMutation } from "@tanstack/react-query";
import { Link, useLocation } from "react-router";
import { api, unwrap } from "@/api/client";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Field, Input } from "@/ui/field";
import { Notice, TroubleNotice } from "@/ui/notice";
import { useForm } from "@/ui/use-form";
import { Outside } from "../layout/outside";

/** The secret of a link stands behind #, which browsers send to nobody. */
export function useSecret(): string {
  return decodeURIComponent(useLocation().hash.slice(1));
}

function ToSignIn() {
  const { t } = useLanguage();
  return <Link to="/sign-in">{t("session.toSignIn")}</Link>;
}

export function SignUp() {
  const { t, locale } = useLanguage();
  const trouble = useTrouble();
  const send = useMutation({
    mutationFn: (body: { email: string; name: string; password: string }) => unwrap(api.POST("/api/auth/sign-up", { body: { ...body, locale } })),
  });
  const form = useForm({ email: "", name: "", password: "" }, async (values) => {
    await send.mutateAsync(values);
  });
  return (
    <Outside title={t("outside.signUp")} links={<ToSignIn />}>
      {send.isSuccess ? (
        <Notice kind="success">{t("outside.signUpSent", { email: form.values.email })}</Notice>
      ) : (
        <form className="flex flex-col gap-4" noValidate onSubmit={(event) => void form.submit(event)}>
          {form.error !== null && <TroubleNotice trouble={trouble(form.error)} />}
          <Field label={t("account.name")} error={form.errorOf("name")}>
            <Input name="name" autoComplete="name" value={form.values.name} onChange={(event) => form.set("name", event.target.value)} />
          </Field>
          <Field label={t("session.email")} error={form.errorOf("email")}>
            <Input type="email" name="email" autoComplete="username" value={form.values.email} onChange={(event) => form.set("email", event.target.value)} />
          </Field>
          <Field label={t("session.password")} hint={t("account.passwordHint")} error={form.errorOf("password")}>
            <Input type="password" name="password" autoComplete="new-password" value={form.values.password} onChange={(event) => form.set("password", event.target.value)} />
          </Field>
          <Button type="submit" variant="primary" size="large" busy={form.busy}>
            {t("outside.signUp")}
          </Button>
        </form>
      )}
    </Outside>
  );
}

export function Forgot() {
  const { t, locale } = useLanguage();
  const trouble = useTrouble();
  const send = useMutation({ mutationFn: (email: string) => unwrap(api.POST("/api/auth/forgot", { body: { email, locale } })) });
  const form = useForm({ email: "" }, async ({ email }) => {
    await send.mutateAsync(email.trim());
  });
  return (
    <Outside title={t("outside.forgot")} lead={t("outside.forgotLead")} links={<ToSignIn />}>
      {send.isSuccess ? (
        <Notice kind="success">{t("outside.forgotSent", { email: form.values.email })}</Notice>
      ) : (
        <form className="flex flex-col gap-4" noValidate onSubmit={(event) => void form.submit(event)}>
          {form.error !== null && <TroubleNotice trouble={trouble(form.error)} />}
          <Field label={t("session.email")} error={form.errorOf("email")}>
            <Input type="email" name="email" autoComplete="username" value={form.values.email} onChange={(event) => form.set("email", event.target.value)} />
          </Field>
          <Button type="submit" variant="primary" size="large" busy={form.busy}>
            {t("outside.send")}
          </Button>
        </form>
      )}
    </Outside>
  );
}

export function Reset() {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const token = useSecret();
  const send = useMutation({ mutationFn: (password: string) => unwrap(api.POST("/api/auth/reset", { body: { token, password } })) });
  const form = useForm({ password: "" }, async ({ password }) => {
    await send.mutateAsync(password);
  });
  return (
    <Outside title={t("outside.reset")} links={<ToSignIn />}>
      {!token ? (
        <Notice kind="error">{t("outside.noToken")}</Notice>
      ) : send.isSuccess ? (
        <Notice kind="success">{t("outside.resetDone")}</Notice>
      ) : (
        <form className="flex flex-col gap-4" noValidate onSubmit={(event) => void form.submit(event)}>
          {form.error !== null && <TroubleNotice trouble={trouble(form.error)} />}
          <Field label={t("account.newPassword")} hint={t("account.passwordHint")} error={form.errorOf("password")}>
            <Input type="password" name="password" autoComplete="new-password" value={form.values.password} onChange={(event) => form.set("password", event.target.value)} />
          </Field>
          <Button type="submit" variant="primary" size="large" busy={form.busy}>
            {t("outside.reset")}
          </Button>
        </form>
      )}
    </Outside>
  );
}

/** A press and not the mere opening confirms: programs that look into mail open links too. */
export function Verify() {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const token = useSecret();
  const send = useMutation({ mutationFn: () => unwrap(api.POST("/api/auth/verify", { body: { token } })) });
  return (
    <Outside title={t("outside.verify")} lead={t("outside.verifyLead")} links={<ToSignIn />}>
      {!token ? (
        <Notice kind="error">{t("outside.noToken")}</Notice>
      ) : send.isSuccess ? (
        <Notice kind="success">{t("outside.verifyDone")}</Notice>
      ) : (
        <div className="flex flex-col gap-4">
          {send.isError && <TroubleNotice trouble={trouble(send.error)} />}
          <Button variant="primary" size="large" busy={send.isPending} onClick={() => send.mutate()}>
            {t("outside.confirm")}
          </Button>
        </div>
      )}
    </Outside>
  );
}
