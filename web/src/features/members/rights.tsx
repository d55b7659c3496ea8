import { Check, Minus } from "lucide-react";
import { useTrouble } from "@/api/use-trouble";
import type { Right } from "@/api/types";
import { type Key, useLanguage } from "@/i18n";
import { Field, Select } from "@/ui/field";
import { Failed, SkeletonRows } from "@/ui/states";
import { useMembers, useRights } from "./queries";
import { useRoleName } from "./roles";

export interface Asked {
  person: string;
  project: string;
  environment: string;
}

interface RightsProps {
  org: string;
  me: string;
  mayAskOthers: boolean;
  asked: Asked;
  onAsk: (asked: Asked) => void;
  projects: readonly { slug: string; name: string }[];
  environments: readonly { slug: string; name: string }[];
}

const LEVELS: Record<string, Key> = {
  organization: "members.level.organization",
  project: "members.level.project",
  environment: "members.level.environment",
};

/** Every permission at one place, with the role that gives it or would. */
export function Rights({ org, me, mayAskOthers, asked, onAsk, projects, environments }: RightsProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const members = useMembers(org);
  const rights = useRights(org, asked);
  return (
    <div className="flex flex-col gap-4">
      <p className="text-sm text-muted">{t("members.rightsLead")}</p>
      <div className="flex flex-wrap gap-3">
        {mayAskOthers && (
          <Field label={t("members.person")} className="w-56">
            <Select value={asked.person || me} onChange={(event) => onAsk({ ...asked, person: event.target.value === me ? "" : event.target.value })}>
              {members.data?.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.name}
                </option>
              ))}
            </Select>
          </Field>
        )}
        <Field label={t("members.project")} className="w-48">
          <Select value={asked.project} onChange={(event) => onAsk({ ...asked, project: event.target.value, environment: "" })}>
            <option value="">{t("members.noPlace")}</option>
            {projects.map((one) => (
              <option key={one.slug} value={one.slug}>
                {one.name}
              </option>
            ))}
          </Select>
        </Field>
        {asked.project && (
          <Field label={t("members.environment")} className="w-48">
            <Select value={asked.environment} onChange={(event) => onAsk({ ...asked, environment: event.target.value })}>
              <option value="">{t("members.wholeProject")}</option>
              {environments.map((one) => (
                <option key={one.slug} value={one.slug}>
                  {one.name}
                </option>
              ))}
            </Select>
          </Field>
        )}
      </div>
      {rights.isError ? (
        <Failed trouble={trouble(rights.error)} onRetry={() => void rights.refetch()} />
      ) : !rights.data ? (
        <SkeletonRows rows={8} />
      ) : (
        <ul className="divide-y divide-line border-y border-line">
          {rights.data.items.map((right) => (
            <Row key={right.permission} right={right} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Row({ right }: { right: Right }) {
  const { t, said } = useLanguage();
  const roleName = useRoleName();
  const source = ({ level, role, group }: Right["because"][number]) => {
    const words = { role: roleName(role), level: t((LEVELS[level] ?? "members.level.project") as "members.level.project") };
    return group ? t("members.throughGroup", { ...words, group }) : t("members.through", words);
  };
  return (
    <li className="flex gap-2.5 py-2 text-sm">
      {right.allowed ? (
        <Check aria-label={t("members.allowed")} className="mt-0.5 size-4 shrink-0 text-applied" />
      ) : (
        <Minus aria-label={t("members.refused")} className="mt-0.5 size-4 shrink-0 text-muted" />
      )}
      <div className="min-w-0">
        <p>
          <code className="font-mono text-xs">{right.permission}</code> <span className="text-muted">{said(right.meaning)}</span>
        </p>
        <p className="text-xs text-muted">
          {right.allowed
            ? right.because.map(source).join("; ")
            : [right.protected ? t("members.heldBack") : "", t("members.wouldGive", { roles: right.would_give.map(source).join("; ") })].filter(Boolean).join("; ")}
        </p>
      </div>
    </li>
  );
}
