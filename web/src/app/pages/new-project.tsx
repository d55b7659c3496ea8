import { useNavigate } from "react-router";
import { ProjectForm } from "@/features/projects/project-form";
import { useAddProject } from "@/features/projects/queries";
import { EMPTY } from "@/features/projects/values";
import { useLanguage } from "@/i18n";
import { useTitle } from "@/ui/use-title";
import { addresses } from "../addresses";
import { PageHead } from "../layout/page-head";
import { useOrganization } from "../use-me";

export function NewProject() {
  const { t } = useLanguage();
  const organization = useOrganization();
  const org = organization?.slug ?? "";
  const add = useAddProject(org);
  const navigate = useNavigate();
  useTitle(t("projects.add"), organization?.name);
  return (
    <div className="mx-auto w-full max-w-3xl pb-12">
      <PageHead title={t("projects.add")} lead={t("projects.addLead")} />
      <div className="px-4">
        <ProjectForm
          initial={EMPTY}
          submitLabel={t("projects.addSubmit")}
          why={organization?.permissions.includes("project.create") ? null : t("common.noPermission", { permission: "project.create" })}
          onSend={async (body) => {
            const project = await add.mutateAsync(body);
            await navigate(`${addresses.settings(org, project.slug)}?section=environments`);
          }}
        />
      </div>
    </div>
  );
}
