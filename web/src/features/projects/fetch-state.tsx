import { GitCommitHorizontal, RefreshCw } from "lucide-react";
import type { Project } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Chip } from "@/ui/chip";
import { cx } from "@/ui/cx";
import { Spinner } from "@/ui/spinner";
import { Ago } from "@/ui/time";
import { useFetchProject } from "./queries";

export function isFetching(project: Project): boolean {
  return project.fetch.state === "running" || project.fetch.state === "waiting";
}

/** The commit that every page shows, and whether a newer one is on its way. */
export function CommitLine({ project, className }: { project: Project; className?: string }) {
  const { t } = useLanguage();
  return (
    <span className={cx("flex min-w-0 items-center gap-1.5 text-sm text-muted", className)}>
      {isFetching(project) ? (
        <>
          <Spinner className="text-running" /> {t("projects.fetching")}
        </>
      ) : (
        <>
          {project.fetch.state === "failed" && <Chip tone="failed">{t("projects.fetchFailed")}</Chip>}
          {project.commit ? (
            <>
              <code className="text-xs text-text">{project.commit.ref}</code>
              <code className="text-xs">{project.commit.sha.slice(0, 7)}</code>
              <span className="min-w-0 truncate">{project.commit.subject}</span>
              <Ago at={project.commit.authored_at} className="shrink-0" />
            </>
          ) : (
            project.fetch.state !== "failed" && t("projects.neverFetched")
          )}
        </>
      )}
    </span>
  );
}

/** Ref and commit as a button that looks for a newer one. */
export function CommitButton({ project }: { project: Project }) {
  const { t } = useLanguage();
  const fetchNow = useFetchProject(project.organization.slug, project.slug);
  const busy = fetchNow.isPending || isFetching(project);
  return (
    <Button onClick={() => fetchNow.mutate()} title={t("projects.fetchHint")} disabled={busy}>
      {busy ? <Spinner className="text-running" /> : <GitCommitHorizontal aria-hidden className="size-3.5" />}
      <code className="max-w-32 truncate text-xs">{project.commit?.ref ?? project.git_ref}</code>
      {project.commit && <code className="text-xs font-normal text-muted">{project.commit.sha.slice(0, 7)}</code>}
      {project.commit && !busy && (
        <span className="font-normal text-muted">
          · <Ago at={project.commit.authored_at} short />
        </span>
      )}
      {!busy && <RefreshCw aria-hidden className="size-3 text-muted" />}
      <span className="sr-only">{t("projects.fetchNow")}</span>
    </Button>
  );
}
