/** Who must agree to a job here, when changes are taken, and which environment goes first. */
import { Plus, Trash2 } from "lucide-react";
import { useId, useState } from "react";
import type { ChangeWindow } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button, IconButton } from "@/ui/button";
import { Checkbox, Field, Input, Select } from "@/ui/field";
import { Toggles } from "@/ui/segmented";
import type { Form } from "@/ui/use-form";
import { useEnvironments, useGroupChoices } from "./queries";
import type { EnvironmentValues } from "./values";

const ROLES = ["maintainer", "admin", "owner"] as const;
const DAYS = ["0", "1", "2", "3", "4", "5", "6"] as const;
const NIGHT: ChangeWindow = { days: [0, 1, 2, 3, 4], opens: "22:00", closes: "06:00" };

function zones(): string[] {
  return ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];
}

interface PolicyProps {
  org: string;
  project: string;
  /** The environment that is edited: it cannot go before itself. */
  own: string | null;
  form: Form<EnvironmentValues>;
}

export function PolicyFields({ org, project, own, form }: PolicyProps) {
  const { t } = useLanguage();
  const { values, set, errorOf } = form;
  const environments = useEnvironments(org, project);
  const groups = useGroupChoices(org);
  const [open, setOpen] = useState(values.approvals !== "0" || values.windows.length > 0 || values.predecessor !== "" || values.autoUpgrade);
  const asks = values.approvals.trim() !== "0" && values.approvals.trim() !== "";
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)} className="rounded-md border border-line">
      <summary className="cursor-pointer px-3 py-2 text-sm font-medium select-none">
        {t("environments.policy")}
        <span className="ml-2 font-normal text-muted">{t("environments.policyHint")}</span>
      </summary>
      <div className="flex flex-col gap-4 border-t border-line p-3">
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={t("environments.approvals")} hint={t("environments.approvalsHint")} error={errorOf("approvals_needed")}>
            <Input inputMode="numeric" value={values.approvals} onChange={(event) => set("approvals", event.target.value)} />
          </Field>
          <Field label={t("environments.approvalHours")} hint={t("environments.approvalHoursHint")} error={errorOf("approval_hours")}>
            <Input inputMode="numeric" disabled={!asks} value={values.approvalHours} onChange={(event) => set("approvalHours", event.target.value)} />
          </Field>
          <Field label={t("environments.approverRole")} error={errorOf("approver_role")}>
            <Select disabled={!asks} value={values.approverRole} onChange={(event) => set("approverRole", event.target.value as "maintainer")}>
              {ROLES.map((role) => (
                <option key={role} value={role}>
                  {t(`approvals.role.${role}`)}
                </option>
              ))}
            </Select>
          </Field>
          <Field label={t("environments.approverGroup")} hint={t("environments.approverGroupHint")} error={errorOf("approver_group_id")}>
            <Select disabled={!asks} value={values.approverGroup} onChange={(event) => set("approverGroup", event.target.value)}>
              <option value="">{t("environments.anyGroup")}</option>
              {groups.data?.map((group) => (
                <option key={group.id} value={group.id}>
                  {group.name}
                </option>
              ))}
            </Select>
          </Field>
        </div>
        <Field label={t("environments.predecessor")} hint={t("environments.predecessorHint")} error={errorOf("predecessor_id")}>
          <Select value={values.predecessor} onChange={(event) => set("predecessor", event.target.value)}>
            <option value="">{t("environments.noPredecessor")}</option>
            {environments.data
              ?.filter((one) => one.id !== own)
              .map((one) => (
                <option key={one.id} value={one.id}>
                  {one.name}
                </option>
              ))}
          </Select>
        </Field>
        <Windows form={form} />
        <Checkbox
          label={t("environments.autoUpgrade")}
          hint={t("environments.autoUpgradeHint")}
          checked={values.autoUpgrade}
          onChange={(event) => set("autoUpgrade", event.target.checked)}
        />
      </div>
    </details>
  );
}

function Windows({ form }: { form: Form<EnvironmentValues> }) {
  const { t } = useLanguage();
  const list = useId();
  const { windows, windowsZone } = form.values;
  const change = (index: number, part: Partial<ChangeWindow>) =>
    form.set("windows", windows.map((one, at) => (at === index ? { ...one, ...part } : one)));
  return (
    <fieldset className="flex min-w-0 flex-col gap-2">
      <legend className="mb-1 text-sm font-medium">{t("environments.windows")}</legend>
      {windows.map((window, index) => {
        const label = t("environments.window", { number: index + 1 });
        const error = ["days", "opens", "closes"].map((part) => form.errorOf(`windows.${index}.${part}`)).find(Boolean);
        return (
          <div key={index} className="flex flex-col gap-1">
            <div className="flex flex-wrap items-center gap-2">
              <Toggles
                label={`${label}: ${t("environments.days")}`}
                value={window.days.map(String) as (typeof DAYS)[number][]}
                onChange={(days) => change(index, { days: days.map(Number).sort() })}
                options={DAYS.map((day) => ({ value: day, label: t(`environments.day.${day}`) }))}
              />
              <span className="flex items-center gap-1.5">
                <Input type="time" className="w-28" aria-label={`${label}: ${t("environments.opens")}`} value={window.opens} onChange={(event) => change(index, { opens: event.target.value })} />
                <span aria-hidden>–</span>
                <Input type="time" className="w-28" aria-label={`${label}: ${t("environments.closes")}`} value={window.closes} onChange={(event) => change(index, { closes: event.target.value })} />
              </span>
              <IconButton label={t("environments.removeWindow", { number: index + 1 })} onClick={() => form.set("windows", windows.filter((_, at) => at !== index))}>
                <Trash2 className="size-3.5" />
              </IconButton>
            </div>
            {error && (
              <p role="alert" className="text-sm text-failed">
                {t("environments.windowWrong")}
              </p>
            )}
          </div>
        );
      })}
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Button size="small" onClick={() => form.set("windows", [...windows, NIGHT])}>
          <Plus aria-hidden className="size-3" /> {t("environments.addWindow")}
        </Button>
        <span className="text-xs text-muted">{t("environments.windowsHint")}</span>
      </div>
      {windows.length > 0 && (
        <Field label={t("environments.zone")} hint={t("environments.zoneHint")} error={form.errorOf("windows_zone")} className="max-w-64">
          <Input list={list} value={windowsZone} onChange={(event) => form.set("windowsZone", event.target.value)} />
        </Field>
      )}
      <datalist id={list}>
        {zones().map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
    </fieldset>
  );
}
