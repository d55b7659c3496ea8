import { X } from "lucide-react";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button, IconButton } from "@/ui/button";
import { Field, Input, Select } from "@/ui/field";
import { TroubleNotice } from "@/ui/notice";
import { Failed, SkeletonRows } from "@/ui/states";
import { useForm } from "@/ui/use-form";
import { useAddGroup, useDeleteGroup, useGroupMember, useGroups, useMembers } from "./queries";

export function Groups({ org, why }: { org: string; why: string | null }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const groups = useGroups(org);
  const members = useMembers(org);
  const put = useGroupMember(org);
  const remove = useDeleteGroup(org);
  const add = useAddGroup(org);
  const form = useForm({ name: "" }, async ({ name }) => {
    await add.mutateAsync(name);
    form.replace({ name: "" });
  });
  const failed = put.error ?? remove.error;
  return (
    <div className="flex flex-col gap-5">
      <p className="text-sm text-muted">{t("members.groupsLead")}</p>
      {failed !== null && <TroubleNotice trouble={trouble(failed)} />}
      {groups.isError ? (
        <Failed trouble={trouble(groups.error)} onRetry={() => void groups.refetch()} />
      ) : !groups.data ? (
        <SkeletonRows rows={2} />
      ) : groups.data.length === 0 ? (
        <p className="text-sm">{t("members.groupsEmpty")}</p>
      ) : (
        <ul className="divide-y divide-line border-y border-line">
          {groups.data.map((group) => {
            const outside = members.data?.filter((one) => !group.members.some((inside) => inside.id === one.id)) ?? [];
            return (
              <li key={group.id} className="flex flex-col gap-2 py-3">
                <div className="flex items-center gap-3">
                  <h3 className="min-w-0 flex-1 truncate font-medium">{group.name}</h3>
                  <Button size="small" variant="danger" why={why} busy={remove.isPending && remove.variables === group.id} onClick={() => remove.mutate(group.id)}>
                    {t("common.delete")}
                  </Button>
                </div>
                <ul className="flex flex-wrap gap-1.5">
                  {group.members.map((person) => (
                    <li key={person.id} className="flex items-center gap-1 rounded-md border border-line pl-2 text-sm">
                      {person.name}
                      <IconButton
                        size="small"
                        why={why}
                        label={t("members.takeFrom", { person: person.name, name: group.name })}
                        onClick={() => put.mutate({ group: group.id, person: person.id, inside: false })}
                      >
                        <X className="size-3.5" />
                      </IconButton>
                    </li>
                  ))}
                </ul>
                {outside.length > 0 && (
                  <div className="w-64 max-w-full">
                    <Select
                      aria-label={t("members.addTo", { name: group.name })}
                      value=""
                      disabled={why !== null}
                      onChange={(event) => put.mutate({ group: group.id, person: event.target.value, inside: true })}
                    >
                      <option value="" disabled>
                        {t("members.addTo", { name: group.name })}
                      </option>
                      {outside.map((one) => (
                        <option key={one.id} value={one.id}>
                          {one.name}
                        </option>
                      ))}
                    </Select>
                  </div>
                )}
              </li>
            );
          })}
        </ul>
      )}
      <form className="flex flex-wrap items-end gap-3" noValidate onSubmit={(event) => void form.submit(event)}>
        <Field label={t("members.groupName")} error={form.errorOf("name")} className="w-64 max-w-full">
          <Input value={form.values.name} onChange={(event) => form.set("name", event.target.value)} />
        </Field>
        <Button type="submit" className="h-8" why={why} busy={form.busy}>
          {t("members.addGroup")}
        </Button>
        {form.error !== null && <TroubleNotice className="basis-full" trouble={trouble(form.error)} />}
      </form>
    </div>
  );
}
