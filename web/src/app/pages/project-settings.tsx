import { RefreshCw } from "lucide-react";
import { useState } from "react";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";
import { asProblem } from "@/api/problem";
import { useTrouble } from "@/api/use-trouble";
import type { Project } from "@/api/types";
import { EnvironmentList } from "@/features/environments/environment-list";
import { useEnvironments } from "@/features/environments/queries";
import { Masks } from "@/features/masks/masks";
import { Access } from "@/features/members/access";
import { ByItself } from "@/features/projects/by-itself";
import { CommitLine, isFetching } from "@/features/projects/fetch-state";
import { MoveProject } from "@/features/projects/move-project";
import { ProjectForm } from "@/features/projects/project-form";
import { useChangeProject, useDeleteProject, useFetchProject, useProject } from "@/features/projects/queries";
import { valuesOf } from "@/features/projects/values";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Field, Input } from "@/ui/field";
import { TroubleNotice } from "@/ui/notice";
import { Failed, SkeletonRows } from "@/ui/states";
import { Tabs } from "@/ui/tabs";
import { useTitle } from "@/ui/use-title";
import { addresses } from "../addresses";
import { useMe, useOrganization } from "../use-me";
import { NotFound } from "./not-found";

type Section = "repository" | "environments" | "access" | "masks" | "danger";
const SECTIONS: Section[] = ["environments", "repository", "access", "masks", "danger"];

export function ProjectSettings() {
  const { t } = useLanguage();
  const { org = "", project: slug = "" } = useParams();
  const [search, setSearch] = useSearchParams();
  const project = useProject(org, slug);
  const environments = useEnvironments(org, slug);
  const trouble = useTrouble();
  useTitle(t("nav.settings"), project.data?.name);
  if (project.isError) return asProblem(project.error).status === 404 ? <NotFound /> : <Failed trouble={trouble(project.error)} onRetry={() => void project.refetch()} />;
  if (!project.data) return <SkeletonRows />;
  const section = SECTIONS.find((one) => one === search.get("section")) ?? "environments";
  const may = (permission: string) => (project.data.permissions.includes(permission) ? null : t("common.noPermission", { permission }));
  const inside = (content: React.ReactNode) => <div className="mx-auto w-full max-w-3xl px-4 py-5">{content}</div>;
  return (
    <>
      <h1 className="px-4 pt-3.5 pb-2 text-lg font-semibold tracking-tight">
        {project.data.name} <span className="font-normal text-muted">{t("nav.settings")}</span>
      </h1>
      <Tabs
        label={t("nav.settings")}
        value={section}
        onChange={(next) => setSearch({ section: next }, { replace: true })}
        tabs={[
          {
            value: "environments",
            label: t("environments.title"),
            content: inside(<EnvironmentList
                org={org}
                project={slug}
                why={may("environment.write")}
                renderLink={({ job, request }, label) =>
                  <Link className="text-accent-text" to={job ? addresses.job(org, slug, job) : addresses.approval(org, request ?? "")}>{label}</Link>
                }
                adding={search.get("add") === "environment"}
                onAdding={(adding) => setSearch({ section: "environments", ...(adding ? { add: "environment" } : {}) }, { replace: true })}
              />),
          },
          { value: "repository", label: t("projects.repository"), content: inside(<Repository project={project.data} why={may("project.update")} whySecret={may("secret.write")} />) },
          {
            value: "access",
            label: t("members.access"),
            content: inside(<Access org={org} project={slug} environments={environments.data ?? []} why={may("project.member.manage")} />),
          },
          { value: "masks", label: t("masks.title"), content: inside(<Masks org={org} project={slug} why={may("project.update")} />) },
          { value: "danger", label: t("projects.danger"), content: inside(<Danger project={project.data} />) },
        ]}
      />
    </>
  );
}

function Repository({ project, why, whySecret }: { project: Project; why: string | null; whySecret: string | null }) {
  const { t } = useLanguage();
  const org = project.organization.slug;
  const navigate = useNavigate();
  const change = useChangeProject(org, project.slug);
  const fetchNow = useFetchProject(org, project.slug);
  return (
    <div className="flex flex-col gap-5">
      <section className="flex flex-wrap items-center gap-3 rounded-lg border border-line px-4 py-2.5">
        <CommitLine project={project} className="flex-1 basis-56" />
        <Button busy={fetchNow.isPending || isFetching(project)} why={why} onClick={() => fetchNow.mutate()}>
          {!isFetching(project) && !fetchNow.isPending && <RefreshCw aria-hidden className="size-3.5" />} {t("projects.fetchNow")}
        </Button>
      </section>
      {project.fetch.state === "failed" && project.fetch.error && <TroubleNotice trouble={project.fetch.error} />}
      <ProjectForm
        key={project.id}
        initial={valuesOf(project)}
        hasCredential={project.credential.set}
        submitLabel={t("common.save")}
        why={why}
        extra={change.isSuccess && <span role="status" className="text-sm text-applied">{t("common.saved")}</span>}
        onSend={async (body) => {
          const saved = await change.mutateAsync(body);
          if (saved.slug !== project.slug) await navigate(`${addresses.settings(org, saved.slug)}?section=repository`, { replace: true });
        }}
      />
      <ByItself project={project} why={why} whySecret={whySecret} />
    </div>
  );
}

function Danger({ project }: { project: Project }) {
  const { t } = useLanguage();
  const organization = useOrganization();
  const org = project.organization.slug;
  const trouble = useTrouble();
  const navigate = useNavigate();
  const remove = useDeleteProject(org, project.slug, () => navigate(addresses.projects(org)));
  const [typed, setTyped] = useState("");
  const why = organization?.permissions.includes("project.delete") ? null : t("common.noPermission", { permission: "project.delete" });
  const takers = useMe().organizations.filter((one) => one.slug !== org && one.permissions.includes("project.create"));
  return (
    <div className="flex flex-col gap-8">
      <MoveProject project={project} takers={takers} why={why} onMoved={(to) => navigate(`${addresses.settings(to, project.slug)}?section=environments`)} />
      <form
        className="flex max-w-md flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (typed === project.slug && !why) remove.mutate();
        }}
      >
        <h2 className="font-semibold">{t("projects.delete")}</h2>
        <p>{t("projects.deleteHint")}</p>
        <Field label={t("projects.deleteConfirm", { name: project.slug })}>
          <Input mono value={typed} onChange={(event) => setTyped(event.target.value)} />
        </Field>
        {remove.isError && <TroubleNotice trouble={trouble(remove.error)} />}
        <div>
          <Button type="submit" variant="danger-primary" busy={remove.isPending} disabled={typed !== project.slug} why={why}>
            {t("projects.delete")}
          </Button>
        </div>
      </form>
    </div>
  );
}
