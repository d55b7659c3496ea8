import { FilePen, FilePlus2 } from "lucide-react";
import { useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { asProblem } from "@/api/problem";
import { useTrouble } from "@/api/use-trouble";
import type { Draft } from "@/api/types";
import { DraftRows } from "@/features/drafts/draft-list";
import { useDrafts } from "@/features/drafts/queries";
import { useProject } from "@/features/projects/queries";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { LoadMore } from "@/ui/load-more";
import { Empty, Failed, SkeletonRows } from "@/ui/states";
import { useKeys } from "@/ui/use-keys";
import { useTitle } from "@/ui/use-title";
import { addresses } from "../addresses";
import { PageHead } from "../layout/page-head";
import { NotFound } from "./not-found";

/** What was written and not pushed yet, what went out as which branch, and where to go on. */
export function Drafts() {
  const { t } = useLanguage();
  const { org = "", project: slug = "" } = useParams();
  const navigate = useNavigate();
  const trouble = useTrouble();
  const project = useProject(org, slug);
  const pages = useDrafts(org, slug);
  const [selected, setSelected] = useState<string | null>(null);
  useTitle(t("drafts.list"), project.data?.name);

  const drafts = pages.data?.pages.flatMap((page) => page.items) ?? [];
  const address = (draft: Draft) => addresses.draft(org, slug, draft.id);
  const step = (by: number) => {
    const at = drafts.findIndex((draft) => draft.id === selected);
    const next = drafts[Math.max(0, Math.min(drafts.length - 1, at + by))];
    setSelected(next?.id ?? null);
    // Enter then opens it, whatever had the focus before.
    document.querySelector<HTMLElement>(`[data-draft="${next?.id}"] a`)?.focus();
  };
  useKeys({ j: () => step(1), k: () => step(-1) });
  const failed = pages.error ?? project.error;
  if (failed && asProblem(failed).status === 404) return <NotFound />;
  const why = !project.data || project.data.permissions.includes("revision.write") ? null : t("common.noPermission", { permission: "revision.write" });
  const writeOne = (
    <Button variant="primary" why={why} onClick={() => void navigate(addresses.newRevision(org, slug))}>
      <FilePlus2 aria-hidden className="size-3.5" /> {t("drafts.new")}…
    </Button>
  );
  return (
    <>
      <PageHead title={t("drafts.list")} lead={t("drafts.listLead")} action={drafts.length > 0 ? writeOne : undefined} />
      <div className="border-t border-line">
        {pages.isPending ? (
          <SkeletonRows />
        ) : failed ? (
          <Failed trouble={trouble(failed)} onRetry={() => void pages.refetch()} />
        ) : drafts.length === 0 ? (
          <Empty icon={<FilePen className="size-5" />} title={t("drafts.empty.title")} action={writeOne}>
            {t("drafts.empty.detail")}
          </Empty>
        ) : (
          <>
            <DraftRows
              drafts={drafts}
              selected={selected}
              renderLink={(draft, content) => (
                <Link to={address(draft)} className="block focus-visible:outline-offset-[-2px]">
                  {content}
                </Link>
              )}
            />
            <LoadMore pages={pages}>{t("jobs.more")}</LoadMore>
          </>
        )}
      </div>
    </>
  );
}
