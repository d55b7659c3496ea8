import { X } from "lucide-react";
import { useTrouble } from "@/api/use-trouble";
import type { Holder } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button, IconButton } from "@/ui/button";
import { Chip } from "@/ui/chip";
import { Field, Select } from "@/ui/field";
import { TroubleNotice } from "@/ui/notice";
import { Failed, SkeletonRows } from "@/ui/states";
import { useForm } from "@/ui/use-form";
import { type ProjectRole, useGiveRole, useGroups, useHolders, useMembers } from "./queries";
import { PROJECT_ROLES, useRoleName } from "./roles";

interface AccessProps {
  org: string;
  project: string;
  environments: readonly { slug: string; name: string }[];
  why: string | null;
}

function keyOf(holder: Holder): string {
  return holder.group ? `group:${holder.group.id}` : `person:${holder.person?.id ?? ""}`;
}

/** Who has which role in a project, and in which of its environments. */
export function Access({ org, project, environments, why }: AccessProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const roleName = useRoleName();
  const holders = useHolders(org, project);
  const give = useGiveRole(org, project);
  if (holders.isError) return <Failed trouble={trouble(holders.error)} onRetry={() => void holders.refetch()} />;
  if (!holders.data) return <SkeletonRows rows={3} />;
  return (
    <div className="flex flex-col gap-5">
      <p className="text-sm text-muted">{t("members.accessLead")}</p>
      {give.isError && <TroubleNotice trouble={trouble(give.error)} />}
      {holders.data.length === 0 ? (
        <p className="text-sm">{t("members.accessEmpty")}</p>
      ) : (
        <ul className="divide-y divide-line border-y border-line">
          {holders.data.map((one) => {
            const name = one.person?.name ?? one.group?.name ?? "";
            return (
              <li key={`${keyOf(one)} ${one.environment?.id ?? ""}`} className="flex flex-wrap items-center gap-x-3 gap-y-1 py-2">
                <span className="min-w-0 flex-1 basis-44 truncate text-sm">
                  <span className="font-medium">{name}</span> <span className="text-muted">{one.person?.email ?? t("members.groups")}</span>
                </span>
                <span className="text-sm text-muted">{one.environment?.name ?? t("members.wholeProject")}</span>
                <Chip tone="neutral">{one.role === "admin" ? t("members.projectAdmin") : roleName(one.role)}</Chip>
                <IconButton
                  label={t("members.takeRole", { name })}
                  why={why}
                  onClick={() => give.mutate({ holder: keyOf(one), environment: one.environment?.slug ?? null, role: null })}
                >
                  <X className="size-4" />
                </IconButton>
              </li>
            );
          })}
        </ul>
      )}
      <GiveRole org={org} project={project} environments={environments} why={why} />
    </div>
  );
}

interface GivenValues {
  holder: string;
  environment: string;
  role: ProjectRole;
}

function GiveRole({ org, project, environments, why }: AccessProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const roleName = useRoleName();
  const members = useMembers(org);
  const groups = useGroups(org);
  const give = useGiveRole(org, project);
  const form = useForm<GivenValues>({ holder: "", environment: "", role: "viewer" }, async ({ holder, environment, role }) => {
    await give.mutateAsync({ holder, environment: environment || null, role });
  });
  return (
    <form className="flex flex-wrap items-end gap-3" onSubmit={(event) => void form.submit(event)}>
      {form.error !== null && <TroubleNotice className="basis-full" trouble={trouble(form.error)} />}
      <Field label={t("members.who")} className="flex-1 basis-52">
        <Select value={form.values.holder} onChange={(event) => form.set("holder", event.target.value)}>
          <option value="" />
          {members.data?.map((one) => (
            <option key={one.id} value={`person:${one.id}`}>
              {one.name} ({one.email})
            </option>
          ))}
          {groups.data?.map((one) => (
            <option key={one.id} value={`group:${one.id}`}>
              {one.name}
            </option>
          ))}
        </Select>
      </Field>
      <Field label={t("members.where")} className="w-44">
        <Select value={form.values.environment} onChange={(event) => form.set("environment", event.target.value)}>
          <option value="">{t("members.wholeProject")}</option>
          {environments.map((one) => (
            <option key={one.slug} value={one.slug}>
              {one.name}
            </option>
          ))}
        </Select>
      </Field>
      <Field label={t("members.role")} className="w-44">
        <Select value={form.values.role} onChange={(event) => form.set("role", event.target.value as ProjectRole)}>
          {PROJECT_ROLES.map((role) => (
            <option key={role} value={role}>
              {role === "admin" ? t("members.projectAdmin") : roleName(role)}
            </option>
          ))}
        </Select>
      </Field>
      <Button type="submit" className="h-8" why={why} disabled={form.values.holder === ""} busy={form.busy}>
        {t("members.give")}
      </Button>
    </form>
  );
}
