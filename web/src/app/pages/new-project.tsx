import { useState } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { asProblem } from "@/api/problem";
import { useTrouble } from "@/api/use-trouble";
import { ProjectForm } from "@/features/projects/project-form";
import { useAddProject } from "@/features/projects/queries";
import { EMPTY } from "@/features/projects/values";
import { OpenSetups } from "@/features/setups/open-setups";
import { useSetup } from "@/features/setups/queries";
import { useLanguage } from "@/i18n";
import { Notice } from "@/ui/notice";
import { Failed, SkeletonRows } from "@/ui/states";
import { useTitle } from "@/ui/use-title";
import { addresses } from "../addresses";
import { PageHead } from "../layout/page-head";
import { Wizard } from "../setup/wizard";
import { useOrganization } from "../use-me";

export function NewProject() {
  const { t } = useLanguage();
  const organization = useOrganization();
  const org = organization?.slug ?? "";
  const [search] = useSearchParams();
  const byHand = search.get("by") === "hand";
  useTitle(t("projects.add"), organization?.name);
  const why = organization?.permissions.includes("project.create") ? null : t("common.noPermission", { permission: "project.create" });
  return (
    <div className="mx-auto w-full max-w-3xl pb-12">
      <PageHead
        title={t("projects.add")}
        lead={t(byHand ? "projects.addLead" : "setups.lead")}
        action={
          <Link to={addresses.newProject(org) + (byHand ? "" : "?by=hand")} className="text-sm text-accent-text hover:underline">
            {t(byHand ? "setups.byWizard" : "setups.byHand")}
          </Link>
        }
      />
      <div className="px-4">{byHand ? <ByHand org={org} why={why} /> : organization && <ByWizard org={org} why={why} setup={search.get("setup")} />}</div>
    </div>
  );
}

function ByHand({ org, why }: { org: string; why: string | null }) {
  const { t } = useLanguage();
  const add = useAddProject(org);
  const navigate = useNavigate();
  return (
    <ProjectForm
      initial={EMPTY}
      submitLabel={t("projects.addSubmit")}
      why={why}
      onSend={async (body) => {
        const project = await add.mutateAsync(body);
        await navigate(`${addresses.settings(org, project.slug)}?section=environments`);
      }}
    />
  );
}

function ByWizard({ org, why, setup: key }: { org: string; why: string | null; setup: string | null }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const navigate = useNavigate();
  const [, setSearch] = useSearchParams();
  const setup = useSetup(org, key);
  // Begun on this page: the form stays what it is while the address learns its name.
  const [begunHere, setBegunHere] = useState<string | null>(null);
  if (key !== null && setup.isPending && begunHere !== key) return <SkeletonRows rows={4} />;
  if (key !== null && setup.isError)
    return asProblem(setup.error).status === 404 ? (
      <Notice kind="warning" action={<Link to={addresses.newProject(org)} className="text-accent-text hover:underline">{t("projects.add")}</Link>}>
        {t("setups.gone")}
      </Notice>
    ) : (
      <Failed trouble={trouble(setup.error)} onRetry={() => void setup.refetch()} />
    );
  return (
    <>
      {key === null && why === null && (
        <OpenSetups
          org={org}
          renderLink={(one, content) => (
            <Link to={`${addresses.newProject(org)}?setup=${one}`} className="block hover:bg-hover">
              {content}
            </Link>
          )}
        />
      )}
      <Wizard
        org={org}
        why={why}
        opened={key === null || key === begunHere ? "" : key}
        setup={key === null ? undefined : setup.data}
        onBegun={(begun) => {
          setBegunHere(begun);
          setSearch({ setup: begun }, { replace: true });
        }}
        onDone={(project) => void navigate(addresses.migrations(org, project.slug))}
      />
    </>
  );
}
