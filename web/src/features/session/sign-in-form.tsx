import { asProblem } from "@/api/problem";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Field, Input } from "@/ui/field";
import { Notice, TroubleNotice } from "@/ui/notice";
import { useForm } from "@/ui/use-form";
import { signIn } from "./queries";

interface SignInFormProps {
  /** Who is expected. */
  email?: string;
  onDone: () => Promise<void> | void;
}

export function SignInForm({ email: expected = "", onDone }: SignInFormProps) {
  const { t } = useLanguage();
  const form = useForm({ email: expected, password: "" }, async ({ email, password }) => {
    await signIn(email.trim(), password);
    await onDone();
  });
  const problem = form.error ? asProblem(form.error) : null;
  return (
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
          <TroubleNotice trouble={problem} />
        ))}
      <Field label={t("session.email")} error={form.errorOf("email")}>
        <Input
          type="email"
          name="email"
          autoComplete="username"
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
      <Button type="submit" variant="primary" size="large" busy={form.busy}>
        {t("session.submit")}
      </Button>
    </form>
  );
}
