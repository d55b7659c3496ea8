import { useNavigate, useSearchParams } from "react-router";
import { useEnvironments } from "@/features/environments/queries";
import { General } from "@/features/members/general";
import { Groups } from "@/features/members/groups";
import { Invitations } from "@/features/members/invitations";
import { MemberList } from "@/features/members/member-list";
import { Rights } from "@/features/members/rights";
import { useGroups } from "@/features/members/queries";
import { ProviderSettings } from "@/features/providers/provider-settings";
import { useProjects } from "@/features/projects/queries";
import { useLanguage } from "@/i18n";
import { Tabs } from "@/ui/tabs";
import { useTitle } from "@/ui/use-title";
import { addresses } from "../addresses";
import { useMe, useOrganization } from "../use-me";
import { NotFound } from "./not-found";

type Section = "members" | "invitations" | "groups" | "rights" | "sso" | "general";
const SECTIONS: Section[] = ["members", "invitations", "groups", "rights", "sso", "general"];

export function OrganizationSettings() {
  const { t } = useLanguage();
  const me = useMe();
  const organization = useOrganization();
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  const org = organization?.slug ?? "";
  const asked = { person: search.get("person") ?? "", project: search.get("project") ?? "", environment: search.get("environment") ?? "" };
  const projects = useProjects(org);
  const groups = useGroups(org);
  const environments = useEnvironments(org, asked.project || undefined);
  useTitle(t("members.settings"), organization?.name);
  if (!organization) return <NotFound />;
  const section = SECTIONS.find((one) => one === search.get("section")) ?? "members";
  const why = (permission: string) => (organization.permissions.includes(permission) ? null : t("common.noPermission", { permission }));
  const managing = why("member.manage");
  const inside = (content: React.ReactNode) => <div className="mx-auto w-full max-w-3xl px-4 py-5">{content}</div>;
  return (
    <>
      <h1 className="px-4 pt-3.5 pb-2 text-lg font-semibold tracking-tight">
        {organization.name} <span className="font-normal text-muted">{t("members.settings")}</span>
      </h1>
      <Tabs
        label={t("members.settings")}
        value={section}
        onChange={(next) => setSearch({ section: next }, { replace: true })}
        tabs={[
          {
            value: "members",
            label: t("members.title"),
            content: inside(<MemberList org={org} organization={organization.name} me={me.id} why={managing} />),
          },
          { value: "invitations", label: t("members.invitations"), content: inside(<Invitations org={org} why={managing} />) },
          { value: "groups", label: t("members.groups"), content: inside(<Groups org={org} why={managing} />) },
          {
            value: "rights",
            label: t("members.rights"),
            content: inside(
              <Rights
                org={org}
                me={me.id}
                mayAskOthers={managing === null}
                asked={asked}
                onAsk={(next) => setSearch({ section: "rights", ...Object.fromEntries(Object.entries(next).filter(([, value]) => value)) }, { replace: true })}
                projects={projects.data ?? []}
                environments={environments.data ?? []}
              />,
            ),
          },
          { value: "sso", label: t("sso.title"), content: inside(<ProviderSettings org={org} why={why("provider.manage")} groups={groups.data ?? []} />) },
          {
            value: "general",
            label: t("members.general"),
            content: inside(
              <General
                key={org}
                org={org}
                name={organization.name}
                me={me.id}
                why={why}
                onRenamed={(slug) => void navigate(`${addresses.organization(slug)}?section=general`, { replace: true })}
                onGone={() => void navigate("/", { replace: true })}
              />,
            ),
          },
        ]}
      />
    </>
  );
}
