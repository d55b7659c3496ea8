import { GitBranch } from "lucide-react";
import { Link, useNavigate, useParams } from "react-router";
import { useTrouble } from "@/api/use-trouble";
import { NewDraftDialog } from "@/features/drafts/new-draft-dialog";
import { RestoreButton } from "@/features/drafts/restore-button";
import { MigrationsView } from "@/features/migrations/migrations-view";
import { isNotFetched, projectName, useCurrent, useHistory } from "@/features/migrations/queries";
import { CommitButton, CommitLine, isFetching } from "@/features/projects/fetch-state";
import { useFetchProject, useProject } from "@/features/projects/queries";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { TroubleNotice } from "@/ui/notice";
import { Spinner } from "@/ui/spinner";
import { Empty, Failed, SkeletonRows } from "@/ui/states";
import { useSearch } from "@/ui/use-search";
import { useTitle } from "@/ui/use-title";
import { asProblem } from "@/api/problem";
import { addresses, objectAddress } from "../addresses";
import { ChecksOfPlan, ChecksOfRevision } from "../checks";
import { TopBarSlot } from "../layout/top-bar-slot";
import { NotFound } from "./not-found";

export function Migrations() {
  const { t } = useLanguage();
  const { org = "", project: slug = "" } = useParams();
  const navigate = useNavigate();
  const trouble = useTrouble();
  const project = useProject(org, slug);
  const fetchNow = useFetchProject(org, slug);
  const name = projectName(org, slug);
  const history = useHistory(name, project.data?.commit?.sha);
  const current = useCurrent(name);
  // In the address, so that the list of drafts and the palette lead here, and going back closes it.
  const [search, change] = useSearch();
  const writing = search.get("new") === "revision";
  const setWriting = (open: boolean) => change({ new: open ? "revision" : null }, { push: open });
  useTitle(t("nav.migrations"), project.data?.name);

  if (project.isError && asProblem(project.error).status === 404) return <NotFound />;
  if (project.isError) return <Failed trouble={trouble(project.error)} onRetry={() => void project.refetch()} />;
  if (!project.data) return <SkeletonRows rows={14} className="pt-24" />;

  const failed = project.data.fetch.state === "failed" ? project.data.fetch.error : null;
  const fetching = isFetching(project.data) || (isNotFetched(history.error) && project.data.commit !== null);
  const settings = (
    <Button asChild>
      <Link to={addresses.settings(org, slug)}>{t("nav.settings")}</Link>
    </Button>
  );
  const banner = (
    <>
      <TopBarSlot>
        <CommitButton project={project.data} />
      </TopBarSlot>
      <h1 className="sr-only">
        {t("nav.migrations")} · {project.data.name}
      </h1>
      {failed && history.data && (
        <TroubleNotice className="m-3 mb-0" trouble={failed} onRetry={() => fetchNow.mutate()} />
      )}
    </>
  );
  const whyNoDraft = project.data.permissions.includes("revision.write") ? null : t("common.noPermission", { permission: "revision.write" });
  const openDraft = (draft: { id: string }) => void navigate(addresses.draft(org, slug, draft.id));
  if (history.data)
    return (
      <div className="flex h-full min-h-0 flex-col">
        {banner}
        <div className="border-b border-line px-4 py-1.5 lg:hidden">
          <CommitLine project={project.data} />
        </div>
        {current.isError && (
          <TroubleNotice className="m-3 mb-0" trouble={trouble(current.error)} onRetry={() => void current.refetch()} />
        )}
        {writing && whyNoDraft === null && (
          <NewDraftDialog
            org={org}
            project={slug}
            heads={history.data.heads}
            environments={current.data?.environments ?? []}
            onClose={() => setWriting(false)}
            onAsked={openDraft}
          />
        )}
        <div className="min-h-0 flex-1">
          <MigrationsView
            org={org}
            slug={slug}
            project={name}
            history={history.data}
            current={current.data}
            gitUrl={project.data.git_url}
            jobAddress={(job) => addresses.job(org, slug, job)}
            compareAddress={(database) => addresses.compare(org, slug, database)}
            objectAddress={(object) => objectAddress(org, slug, current.data, object)}
            onNewRevision={() => setWriting(true)}
            whyNoDraft={whyNoDraft}
            restore={(revision) => <RestoreButton org={org} project={slug} revision={revision} why={whyNoDraft} onAsked={openDraft} />}
            revisionChecks={(revision, direction, onLine) => (
              <ChecksOfRevision key={direction} project={name} commit={history.data.commit.sha} revision={revision} direction={direction} onLine={onLine} />
            )}
            planChecks={(plan, steps) => <ChecksOfPlan plan={plan}>{steps}</ChecksOfPlan>}
            onAsked={(request) => void navigate(addresses.approval(org, request))}
            requestLink={(request, label) => (
              <Button asChild size="small">
                <Link to={addresses.approval(org, request)}>{label}</Link>
              </Button>
            )}
            onStarted={(job) => void navigate(addresses.job(org, slug, job.id))}
            jobLink={(job, label) => (
              <Button asChild>
                <Link to={addresses.job(org, slug, job)}>{label}</Link>
              </Button>
            )}
            settingsLink={(label, section = "environments") => (
              <Link to={`${addresses.settings(org, slug)}?section=${section}`} className="text-accent-text hover:underline">
                {label}
              </Link>
            )}
          />
        </div>
      </div>
    );
  if (failed && !isFetching(project.data))
    return (
      <div className="mx-auto max-w-2xl p-6">
        {banner}
        <TroubleNotice trouble={failed} onRetry={() => fetchNow.mutate()} />
        <div className="mt-3 flex gap-2">{settings}</div>
      </div>
    );
  if (fetching)
    return (
      <>
        {banner}
        <Empty icon={<Spinner className="size-5 text-running" />} title={t("projects.fetching")}>
          <p role="status">{t("migrations.firstFetch")}</p>
          <code className="mt-2 block text-xs break-all">{project.data.git_url}</code>
        </Empty>
      </>
    );
  if (project.data.commit === null)
    return (
      <>
        {banner}
        <Empty
          icon={<GitBranch className="size-5" />}
          title={t("projects.neverFetched")}
          action={
            <>
              <Button variant="primary" busy={fetchNow.isPending} onClick={() => fetchNow.mutate()}>
                {t("migrations.fetch")}
              </Button>
              {settings}
            </>
          }
        >
          <code className="text-xs break-all">{project.data.git_url}</code>
          {fetchNow.isError && <TroubleNotice className="mt-3 text-left" trouble={trouble(fetchNow.error)} />}
        </Empty>
      </>
    );
  if (history.isError)
    return (
      <>
        {banner}
        <Failed trouble={trouble(history.error)} onRetry={() => void history.refetch()} />
      </>
    );
  return (
    <>
      {banner}
      <SkeletonRows rows={14} className="pt-24" />
    </>
  );
}
