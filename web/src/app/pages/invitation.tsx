import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link, useNavigate } from "react-router";
import { api, unwrap } from "@/api/client";
import { accessToken } from "@/api/tokens";
import { useTrouble } from "@/api/use-trouble";
import { meQuery, resumeSession } from "@/features/session/queries";
import { SignInForm } from "@/features/session/sign-in-form";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Field, Input } from "@/ui/field";
import { Notice, TroubleNotice } from "@/ui/notice";
import { SkeletonRows } from "@/ui/states";
import { useForm } from "@/ui/use-form";
import { addresses } from "../addresses";
import { Outside } from "../layout/outside";
import { useSecret } from "./outside";

/** Accepting an invitation: signed in, with an account, or by opening one. */
export function Invitation() {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const token = useSecret();
  const [signedIn, setSignedIn] = useState<boolean | null>(accessToken() ? true : null);
  const [hasAccount, setHasAccount] = useState(false);
  useEffect(() => {
    if (signedIn === null) void resumeSession().then(setSignedIn, () => setSignedIn(false));
  }, [signedIn]);
  const looked = useQuery({
    queryKey: ["invitation", token],
    queryFn: () => unwrap(api.POST("/api/auth/invitations/look", { body: { token } })),
    enabled: token !== "",
    retry: false,
  });
  const opened = looked.data;
  return (
    <Outside
      title={t("outside.invitation")}
      lead={opened && t("outside.invited", { who: opened.invited_by, organization: opened.organization })}
      links={<Link to="/sign-in">{t("session.toSignIn")}</Link>}
    >
      {!token ? (
        <Notice kind="error">{t("outside.noToken")}</Notice>
      ) : looked.isError ? (
        <TroubleNotice trouble={trouble(looked.error)} />
      ) : !opened || signedIn === null ? (
        <SkeletonRows rows={3} />
      ) : signedIn ? (
        <Join token={token} />
      ) : opened.has_account || hasAccount ? (
        <div className="flex flex-col gap-4">
          <Notice>{t("outside.signInFirst", { email: opened.email ?? "…" })}</Notice>
          <SignInForm email={opened.email ?? ""} onDone={() => setSignedIn(true)} />
        </div>
      ) : (
        <OpenAndJoin token={token} organization={opened.organization} email={opened.email} onHasAccount={() => setHasAccount(true)} />
      )}
    </Outside>
  );
}

function Join({ token }: { token: string }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const navigate = useNavigate();
  const client = useQueryClient();
  const join = useMutation({
    mutationFn: () => unwrap(api.POST("/api/me/invitations", { body: { token } })),
    onSuccess: async ({ slug }) => {
      await client.invalidateQueries({ queryKey: meQuery.queryKey });
      await navigate(addresses.projects(slug), { replace: true });
    },
  });
  return (
    <div className="flex flex-col gap-4">
      {join.isError && <TroubleNotice trouble={trouble(join.error)} />}
      <Button variant="primary" size="large" busy={join.isPending} onClick={() => join.mutate()}>
        {t("outside.join")}
      </Button>
    </div>
  );
}

interface OpenAndJoinProps {
  token: string;
  organization: string;
  email: string | null;
  onHasAccount: () => void;
}

function OpenAndJoin({ token, organization, email, onHasAccount }: OpenAndJoinProps) {
  const { t, locale } = useLanguage();
  const trouble = useTrouble();
  const [joined, setJoined] = useState(false);
  const form = useForm({ name: "", email: "", password: "" }, async (values) => {
    const body = { token, name: values.name, password: values.password, locale, ...(email ? {} : { email: values.email.trim() }) };
    await unwrap(api.POST("/api/auth/invitations/accept", { body }));
    setJoined(true);
  });
  if (joined) return <Notice kind="success">{t("outside.joined", { organization })}</Notice>;
  return (
    <form className="flex flex-col gap-4" noValidate onSubmit={(event) => void form.submit(event)}>
      {form.error !== null && <TroubleNotice trouble={trouble(form.error)} />}
      <Field label={t("session.email")} error={form.errorOf("email")}>
        <Input
          type="email"
          autoComplete="username"
          value={email ?? form.values.email}
          readOnly={email !== null}
          onChange={(event) => form.set("email", event.target.value)}
        />
      </Field>
      <Field label={t("account.name")} error={form.errorOf("name")}>
        <Input autoComplete="name" value={form.values.name} onChange={(event) => form.set("name", event.target.value)} />
      </Field>
      <Field label={t("session.password")} hint={t("account.passwordHint")} error={form.errorOf("password")}>
        <Input type="password" autoComplete="new-password" value={form.values.password} onChange={(event) => form.set("password", event.target.value)} />
      </Field>
      <Button type="submit" variant="primary" size="large" busy={form.busy}>
        {t("outside.joinNew")}
      </Button>
      <Button variant="quiet" onClick={onHasAccount}>
        {t("outside.haveAccount")}
      </Button>
    </form>
  );
}
