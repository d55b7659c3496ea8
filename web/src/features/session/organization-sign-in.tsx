import { useState } from "react";
import { api, unwrap } from "@/api/client";
import { useTrouble } from "@/api/use-trouble";
import { type Key, useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Field, Input } from "@/ui/field";
import { Notice, TroubleNotice } from "@/ui/notice";
import { useForm } from "@/ui/use-form";

/** What the way back from a provider may say. */
const REASONS: Readonly<Record<string, Key>> = {
  sso_ended: "sso.back.ended",
  sso_address: "sso.back.address",
  sso_not_member: "sso.back.notMember",
  sso_second_factor: "sso.back.secondFactor",
  account_disabled: "sso.back.disabled",
};

interface OrganizationSignInProps {
  /** Where somebody wanted to go. */
  next: string;
  /** The reason with which the provider's way back ended here. */
  reason: string | null;
}

/** Signing in with the account of one's organization: the address says which provider is asked. */
export function OrganizationSignIn({ next, reason }: OrganizationSignInProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const [open, setOpen] = useState(reason !== null);
  const form = useForm({ email: "" }, async ({ email }) => {
    const { location } = await unwrap(api.POST("/api/auth/sso/begin", { body: { email: email.trim(), next } }));
    window.location.assign(location);
  });
  const why: Key = REASONS[reason ?? ""] ?? "sso.back.failed";
  return (
    <div className="mt-5 flex flex-col gap-4 border-t border-line pt-5">
      {reason !== null && (
        <Notice kind="error" title={t("sso.back.title")}>
          {t(why as "sso.back.failed")}
        </Notice>
      )}
      {open ? (
        <form className="flex flex-col gap-4" noValidate onSubmit={(event) => void form.submit(event)}>
          {form.error !== null && <TroubleNotice trouble={trouble(form.error)} />}
          <Field label={t("sso.workEmail")} error={form.errorOf("email")}>
            <Input
              type="email"
              name="work-email"
              autoComplete="email"
              autoFocus
              value={form.values.email}
              onChange={(event) => form.set("email", event.target.value)}
            />
          </Field>
          <Button type="submit" size="large" busy={form.busy}>
            {t("sso.continue")}
          </Button>
        </form>
      ) : (
        <Button size="large" onClick={() => setOpen(true)}>
          {t("sso.signIn")}
        </Button>
      )}
    </div>
  );
}
