import { UserMinus } from "lucide-react";
import { useState } from "react";
import type { Member } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button, IconButton } from "@/ui/button";
import { Chip } from "@/ui/chip";
import { Dialog } from "@/ui/dialog";
import { Select } from "@/ui/field";
import { TroubleNotice } from "@/ui/notice";
import { Failed, SkeletonRows } from "@/ui/states";
import { type OrganizationRole, useChangeRole, useMembers, useRemoveMember } from "./queries";
import { ORGANIZATION_ROLES, useRoleName } from "./roles";

interface MemberListProps {
  org: string;
  organization: string;
  me: string;
  /** Why members cannot be managed here; null lets it through to the server. */
  why: string | null;
}

export function MemberList({ org, organization, me, why }: MemberListProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const roleName = useRoleName();
  const members = useMembers(org);
  const change = useChangeRole(org);
  const remove = useRemoveMember(org);
  const [leaving, setLeaving] = useState<Member | null>(null);
  if (members.isError) return <Failed trouble={trouble(members.error)} onRetry={() => void members.refetch()} />;
  if (!members.data) return <SkeletonRows rows={4} />;
  return (
    <section className="flex flex-col gap-3">
      {change.isError && <TroubleNotice trouble={trouble(change.error)} />}
      <ul className="divide-y divide-line border-y border-line">
        {members.data.map((one) => (
          <li key={one.id} className="flex flex-wrap items-center gap-x-3 gap-y-1.5 py-2">
            <div className="min-w-0 flex-1 basis-52">
              <p className="truncate text-sm font-medium">
                {one.name} {one.id === me && <span className="font-normal text-muted">({t("members.you")})</span>}
              </p>
              <p className="truncate text-xs text-muted">{one.email}</p>
            </div>
            {one.second_factor && <Chip tone="applied">{t("members.factor")}</Chip>}
            {one.passkey && <Chip tone="applied">{t("members.passkey")}</Chip>}
            {!one.second_factor && !one.passkey && <Chip tone="neutral">{t("members.noFactor")}</Chip>}
            <div className="w-40">
              <Select
                aria-label={t("members.roleOf", { name: one.name })}
                value={one.role}
                disabled={why !== null || change.isPending}
                onChange={(event) => change.mutate({ person: one.id, role: event.target.value as OrganizationRole })}
              >
                {ORGANIZATION_ROLES.map((role) => (
                  <option key={role} value={role}>
                    {roleName(role)}
                  </option>
                ))}
              </Select>
            </div>
            <IconButton label={t("members.remove", { name: one.name })} why={why} onClick={() => setLeaving(one)}>
              <UserMinus className="size-4" />
            </IconButton>
          </li>
        ))}
      </ul>
      <Dialog
        open={leaving !== null}
        onClose={() => setLeaving(null)}
        title={t("members.remove", { name: leaving?.name ?? "" })}
        footer={
          <>
            <Button onClick={() => setLeaving(null)}>{t("common.cancel")}</Button>
            <Button
              variant="danger-primary"
              busy={remove.isPending}
              onClick={() => leaving && remove.mutate(leaving.id, { onSuccess: () => setLeaving(null) })}
            >
              {t("common.remove")}
            </Button>
          </>
        }
      >
        <p>{t("members.removeSure", { name: leaving?.name ?? "", organization })}</p>
        {remove.isError && <TroubleNotice className="mt-3" trouble={trouble(remove.error)} />}
      </Dialog>
    </section>
  );
}
