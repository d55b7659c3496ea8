import { useState } from "react";
import type { InvitationMade } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Chip } from "@/ui/chip";
import { CopyButton } from "@/ui/copy-button";
import { Checkbox, Field, Input, Select } from "@/ui/field";
import { Notice, TroubleNotice } from "@/ui/notice";
import { Failed, SkeletonRows } from "@/ui/states";
import { useForm } from "@/ui/use-form";
import { useNow } from "@/ui/use-now";
import { type OrganizationRole, useGroups, useInvitations, useInvite, useRevoke, useSendAgain } from "./queries";
import { ORGANIZATION_ROLES, useRoleName } from "./roles";

export function Invitations({ org, why }: { org: string; why: string | null }) {
  const { t, exact } = useLanguage();
  const trouble = useTrouble();
  const roleName = useRoleName();
  const now = useNow(60_000);
  const invitations = useInvitations(org, why === null);
  const again = useSendAgain(org);
  const revoke = useRevoke(org);
  const [made, setMade] = useState<InvitationMade | null>(null);
  if (why) return <Notice>{why}</Notice>;
  return (
    <div className="flex flex-col gap-5">
      <InviteForm org={org} onMade={setMade} />
      {made &&
        (made.link ? (
          <Notice kind="warning" title={t("members.link")} action={<CopyButton text={made.link} />}>
            <code className="font-mono text-xs break-all">{made.link}</code>
          </Notice>
        ) : (
          <Notice kind="success">{t("members.mailed", { email: made.email ?? "" })}</Notice>
        ))}
      {(again.isError || revoke.isError) && <TroubleNotice trouble={trouble(again.error ?? revoke.error)} />}
      {invitations.isError ? (
        <Failed trouble={trouble(invitations.error)} onRetry={() => void invitations.refetch()} />
      ) : !invitations.data ? (
        <SkeletonRows rows={2} />
      ) : invitations.data.length === 0 ? (
        <p className="text-sm text-muted">{t("members.invitationsEmpty")}</p>
      ) : (
        <ul className="divide-y divide-line border-y border-line">
          {invitations.data.map((one) => (
            <li key={one.id} className="flex flex-wrap items-center gap-x-3 gap-y-1.5 py-2">
              <div className="min-w-0 flex-1 basis-52">
                <p className="truncate text-sm">{one.email ?? t("members.anybody")}</p>
                <p className="text-xs text-muted">
                  {roleName(one.role)} · {one.invited_by_name} ·{" "}
                  {new Date(one.expires_at).getTime() < now ? <Chip tone="failed">{t("members.expired")}</Chip> : t("members.expires", { when: exact(one.expires_at) })}
                </p>
              </div>
              <Button size="small" busy={again.isPending && again.variables === one.id} onClick={() => again.mutate(one.id, { onSuccess: setMade })}>
                {t("members.sendAgain")}
              </Button>
              <Button size="small" variant="danger" busy={revoke.isPending && revoke.variables === one.id} onClick={() => revoke.mutate(one.id)}>
                {t("members.revoke")}
              </Button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

interface InviteValues {
  email: string;
  role: OrganizationRole;
  groups: string[];
}

function InviteForm({ org, onMade }: { org: string; onMade: (made: InvitationMade) => void }) {
  const { t, locale } = useLanguage();
  const trouble = useTrouble();
  const roleName = useRoleName();
  const groups = useGroups(org);
  const invite = useInvite(org);
  const form = useForm<InviteValues>({ email: "", role: "member", groups: [] }, async ({ email, role, groups: chosen }) => {
    onMade(await invite.mutateAsync({ ...(email.trim() ? { email: email.trim() } : {}), role, groups: chosen, locale }));
    form.replace({ email: "", role: "member", groups: [] });
  });
  return (
    <form className="flex flex-col gap-3" noValidate onSubmit={(event) => void form.submit(event)}>
      {form.error !== null && <TroubleNotice trouble={trouble(form.error)} />}
      <div className="flex flex-wrap items-end gap-3">
        <Field label={t("members.inviteEmail")} error={form.errorOf("email")} className="flex-1 basis-60">
          <Input type="email" value={form.values.email} onChange={(event) => form.set("email", event.target.value)} />
        </Field>
        <Field label={t("members.role")} className="w-44">
          <Select value={form.values.role} onChange={(event) => form.set("role", event.target.value as OrganizationRole)}>
            {ORGANIZATION_ROLES.map((role) => (
              <option key={role} value={role}>
                {roleName(role)}
              </option>
            ))}
          </Select>
        </Field>
        <Button type="submit" variant="primary" busy={form.busy} className="h-8">
          {t("members.invite")}
        </Button>
      </div>
      {groups.data && groups.data.length > 0 && (
        <fieldset className="flex flex-wrap gap-x-5 gap-y-1">
          <legend className="mb-1 text-sm font-medium">{t("members.inviteGroups")}</legend>
          {groups.data.map((group) => (
            <Checkbox
              key={group.id}
              label={group.name}
              checked={form.values.groups.includes(group.id)}
              onChange={(event) =>
                form.set("groups", event.target.checked ? [...form.values.groups, group.id] : form.values.groups.filter((id) => id !== group.id))
              }
            />
          ))}
        </fieldset>
      )}
    </form>
  );
}
