import { FolderPlus, Plus } from "lucide-react";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { useTrouble } from "@/api/use-trouble";
import { ProjectList } from "@/features/projects/project-list";
import { useProjects } from "@/features/projects/queries";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Empty, Failed, SkeletonRows } from "@/ui/states";
import { useKeys } from "@/ui/use-keys";
import { useTitle } from "@/ui/use-title";
import { addresses } from "../addresses";
import { useOrganization } from "../use-me";
import { PageHead } from "../layout/page-head";

export function Projects() {
  const { t } = useLanguage();
  const organization = useOrganization();
  const org = organization?.slug ?? "";
  const projects = useProjects(org);
  const trouble = useTrouble();
  const navigate = useNavigate();
  const [selected, setSelected] = useState(-1);
  const items = projects.data ?? [];
  useTitle(t("nav.projects"), organization?.name);
  useKeys({
    j: () => setSelected((at) => Math.min(at + 1, items.length - 1)),
    k: () => setSelected((at) => Math.max(at - 1, 0)),
    Enter: () => {
      const project = items[selected];
      if (project) void navigate(addresses.migrations(org, project.slug));
    },
  });
  const mayAdd = organization?.permissions.includes("project.create");
  const why = mayAdd ? null : t("common.noPermission", { permission: "project.create" });
  const add = (variant: "primary" | "plain") =>
    why ? (
      <Button variant={variant} why={why}>
        <Plus className="size-3.5" /> {t("projects.add")}
      </Button>
    ) : (
      <Button variant={variant} asChild>
        <Link to={addresses.newProject(org)}>
          <Plus className="size-3.5" /> {t("projects.add")}
        </Link>
      </Button>
    );
  return (
    <>
      <PageHead title={t("nav.projects")} count={projects.data?.length} action={items.length > 0 && add("plain")} />
      {projects.isPending ? (
        <SkeletonRows />
      ) : projects.isError ? (
        <Failed trouble={trouble(projects.error)} onRetry={() => void projects.refetch()} />
      ) : items.length === 0 ? (
        <Empty icon={<FolderPlus className="size-5" />} title={t("projects.empty.title")} action={add("primary")}>
          {t("projects.empty.detail")}
        </Empty>
      ) : (
        <ProjectList
          projects={items}
          selected={selected}
          renderLink={(project, content) => (
            <Link to={addresses.migrations(org, project.slug)} className="block focus-visible:outline-offset-[-2px]">
              {content}
            </Link>
          )}
        />
      )}
    </>
  );
}
