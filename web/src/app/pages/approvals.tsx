/** The inbox: what waits for this person, what they asked for themselves, and what was decided. */
import { ClipboardCheck } from "lucide-react";
import { useState } from "react";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";
import type { ApprovalRequest } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { SHOWS, useRequests } from "@/features/approvals/queries";
import { RequestRows } from "@/features/approvals/request-list";
import { useLanguage } from "@/i18n";
import { LoadMore } from "@/ui/load-more";
import { Segmented } from "@/ui/segmented";
import { Empty, Failed, SkeletonRows } from "@/ui/states";
import { useKeys } from "@/ui/use-keys";
import { useTitle } from "@/ui/use-title";
import { addresses } from "../addresses";
import { PageHead } from "../layout/page-head";

export function Approvals() {
  const { t } = useLanguage();
  const { org = "" } = useParams();
  const navigate = useNavigate();
  const trouble = useTrouble();
  const [search, setSearch] = useSearchParams();
  const show = SHOWS.find((one) => one === search.get("show")) ?? "waiting";
  const pages = useRequests(org, show);
  const [selected, setSelected] = useState<string | null>(null);
  useTitle(t("approvals.title"));
  const requests = pages.data?.pages.flatMap((page) => page.items) ?? [];
  const address = (request: ApprovalRequest) => addresses.approval(org, request.id);
  const step = (by: number) => {
    const at = requests.findIndex((request) => request.id === selected);
    setSelected(requests[Math.max(0, Math.min(requests.length - 1, at + by))]?.id ?? null);
  };
  useKeys({
    j: () => step(1),
    k: () => step(-1),
    Enter: () => {
      const request = requests.find((one) => one.id === selected);
      if (request) void navigate(address(request));
    },
  });
  return (
    <>
      <PageHead title={t("approvals.title")} lead={t("approvals.lead")} />
      <div className="px-4 pb-3">
        <Segmented
          label={t("approvals.show")}
          value={show}
          onChange={(next) => setSearch(next === "waiting" ? {} : { show: next }, { replace: true })}
          options={SHOWS.map((one) => ({ value: one, label: t(`approvals.show.${one}`) }))}
        />
      </div>
      <div className="border-t border-line">
        {pages.isPending ? (
          <SkeletonRows />
        ) : pages.isError ? (
          <Failed trouble={trouble(pages.error)} onRetry={() => void pages.refetch()} />
        ) : requests.length === 0 ? (
          <Empty icon={<ClipboardCheck className="size-5" />} title={t(`approvals.empty.${show}`)}>
            {t("approvals.emptyLead")}
          </Empty>
        ) : (
          <>
            <RequestRows
              requests={requests}
              selected={selected}
              renderLink={(request, content) => (
                <Link to={address(request)} className="block focus-visible:outline-offset-[-2px]">
                  {content}
                </Link>
              )}
            />
            <LoadMore pages={pages}>{t("approvals.more")}</LoadMore>
          </>
        )}
      </div>
    </>
  );
}
