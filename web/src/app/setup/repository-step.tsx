/** The address of the repository, the access to it, and what looking at it gave. */
import { useState } from "react";
import { useTrouble } from "@/api/use-trouble";
import type { Setup } from "@/api/types";
import { CredentialFields } from "@/features/projects/credential-fields";
import { credentialOf, type CredentialValues, NO_CREDENTIAL } from "@/features/projects/values";
import { isLooking, useBeginSetup, useChangeSetup } from "@/features/setups/queries";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Field, Input } from "@/ui/field";
import { TroubleNotice } from "@/ui/notice";
import { Spinner } from "@/ui/spinner";
import { useForm } from "@/ui/use-form";

interface Values extends CredentialValues {
  git_url: string;
  git_ref: string;
}

interface RepositoryStepProps {
  org: string;
  setup: Setup | undefined;
  onBegun: (setup: string) => void;
  why: string | null;
}

export function RepositoryStep({ org, setup, onBegun, why }: RepositoryStepProps) {
  const { t, rich } = useLanguage();
  const trouble = useTrouble();
  const begin = useBeginSetup(org);
  const change = useChangeSetup(org);
  const initial: Values = {
    ...NO_CREDENTIAL,
    ...(setup?.credential_set ? { credentialKind: "keep" as const } : {}),
    git_url: setup?.git_url ?? "",
    git_ref: setup?.git_ref ?? "",
  };
  const form = useForm(initial, async (values) => {
    const body = {
      git_url: values.git_url.trim(),
      git_ref: values.git_ref.trim() || null,
      ...(values.credentialKind === "keep" ? {} : { credential: credentialOf(values) }),
    };
    if (setup) await change.mutateAsync({ setup: setup.id, ...body });
    else onBegun((await begin.mutateAsync(body)).id);
    // What was stored is not sent again.
    if (values.credentialKind !== "none") form.replace({ ...values, ...NO_CREDENTIAL, credentialKind: "keep" });
  });
  const [withAccess, setWithAccess] = useState(Boolean(setup?.credential_set));
  const looking = isLooking(setup);
  const error = setup?.look.state === "failed" ? setup.look.error : null;
  const commit = setup?.findings?.commit;
  return (
    <form onSubmit={(event) => void form.submit(event)} noValidate className="flex flex-col gap-4">
      <div className="grid gap-4 sm:grid-cols-[minmax(0,2.4fr)_minmax(0,1fr)]">
        <Field label={t("projects.gitUrl")} hint={t("projects.gitUrlHint")} error={form.errorOf("git_url")}>
          <Input
            mono
            autoFocus={!setup}
            name="git_url"
            placeholder="https://git.example.org/team/shop.git"
            value={form.values.git_url}
            onChange={(event) => form.set("git_url", event.target.value)}
          />
        </Field>
        <Field label={t("projects.ref")} optional={t("common.optional")} hint={t("setups.refHint")} error={form.errorOf("git_ref")}>
          <Input mono name="git_ref" value={form.values.git_ref} onChange={(event) => form.set("git_ref", event.target.value)} />
        </Field>
      </div>
      <details
        open={withAccess || error?.code === "not_found_or_private" || error?.code === "auth_refused" || error?.code === "host_key"}
        onToggle={(event) => setWithAccess(event.currentTarget.open)}
        className="rounded-md border border-line"
      >
        <summary className="cursor-pointer px-3 py-2 text-sm font-medium select-none">
          {t("projects.credential")}
          <span className="ml-2 font-normal text-muted">{t(setup?.credential_set ? "projects.credential.keep" : "projects.credential.none")}</span>
        </summary>
        <div className="border-t border-line p-3">
          <CredentialFields form={form} hasCredential={Boolean(setup?.credential_set)} />
        </div>
      </details>
      {form.error != null && <TroubleNotice trouble={trouble(form.error)} />}
      {error && !looking && <TroubleNotice trouble={error} />}
      <div className="flex flex-wrap items-center gap-3">
        <Button type="submit" variant={commit ? "plain" : "primary"} busy={form.busy || looking} why={why} disabled={form.values.git_url.trim() === ""}>
          {t(setup ? "setups.lookAgain" : "setups.look")}
        </Button>
        <span role="status" className="min-w-0 text-sm text-muted">
          {looking ? (
            <span className="inline-flex items-center gap-1.5">
              <Spinner className="text-running" /> {t("setups.looking")}
            </span>
          ) : (
            commit &&
            rich("setups.read", {
              ref: <code className="text-xs">{commit.ref}</code>,
              commit: <code className="text-xs">{commit.sha.slice(0, 7)}</code>,
              subject: commit.subject,
            })
          )}
        </span>
      </div>
    </form>
  );
}
