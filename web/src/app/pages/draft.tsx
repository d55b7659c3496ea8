import { Link, useNavigate, useParams } from "react-router";
import { asProblem } from "@/api/problem";
import { useTrouble } from "@/api/use-trouble";
import { DiscardButton } from "@/features/drafts/discard-button";
import { DraftView } from "@/features/drafts/draft-view";
import { useDraft } from "@/features/drafts/queries";
import { requestLink } from "@/features/migrations/host-link";
import { useProject } from "@/features/projects/queries";
import { useLanguage } from "@/i18n";
import { Failed, SkeletonRows } from "@/ui/states";
import { useTitle } from "@/ui/use-title";
import { addresses } from "../addresses";
import { PageHead } from "../layout/page-head";
import { NotFound } from "./not-found";

export function DraftPage() {
  const { t } = useLanguage();
  const { org = "", project: slug = "", draft: key = "" } = useParams();
  const trouble = useTrouble();
  const navigate = useNavigate();
  const project = useProject(org, slug);
  const draft = useDraft(org, slug, key);
  useTitle(t("drafts.title"), project.data?.name);
  const failed = draft.error ?? project.error;
  if (failed) return [404, 422].includes(asProblem(failed).status) ? <NotFound /> : <Failed trouble={trouble(failed)} onRetry={() => void draft.refetch()} />;
  if (!draft.data || !project.data) return <SkeletonRows />;
  const why = project.data.permissions.includes("revision.push") ? null : t("common.noPermission", { permission: "revision.push" });
  return (
    <div className="mx-auto w-full max-w-3xl pb-12">
      <PageHead
        title={draft.data.message}
        action={
          <>
            <Link to={addresses.migrations(org, slug)} className="text-sm text-accent-text hover:underline">
              {t("drafts.back")}
            </Link>
            <DiscardButton
              org={org}
              project={slug}
              draft={draft.data}
              why={project.data.permissions.includes("revision.write") ? null : t("common.noPermission", { permission: "revision.write" })}
              onDiscarded={() => void navigate(addresses.drafts(org, slug))}
            />
          </>
        }
      />
      <div className="px-4">
        <DraftView
          org={org}
          project={slug}
          draft={draft.data}
          why={why}
          requestLink={draft.data.branch ? requestLink(project.data.git_url, draft.data.branch, draft.data.ref) : null}
        />
      </div>
    </div>
  );
}
