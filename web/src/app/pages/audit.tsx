import { Download, ScrollText, ShieldCheck } from "lucide-react";
import { useTrouble } from "@/api/use-trouble";
import { AuditList } from "@/features/audit/audit-list";
import { type AuditFilter, type Outcome, useAudit, useAuditExport, useVerification } from "@/features/audit/queries";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Input } from "@/ui/field";
import { LoadMore } from "@/ui/load-more";
import { Notice, TroubleNotice } from "@/ui/notice";
import { Segmented } from "@/ui/segmented";
import { Empty, Failed, SkeletonRows } from "@/ui/states";
import { useSearch } from "@/ui/use-search";
import { useTitle } from "@/ui/use-title";
import { PageHead } from "../layout/page-head";
import { useOrganization } from "../use-me";

const OUTCOMES: Outcome[] = ["done", "refused", "found"];

export function Audit() {
  const { t } = useLanguage();
  const organization = useOrganization();
  const org = organization?.slug ?? "";
  const [search, change] = useSearch();
  const filter: AuditFilter = {
    outcome: OUTCOMES.find((one) => one === search.get("outcome")) ?? null,
    words: search.get("q") ?? "",
    database: search.get("database"),
  };
  const pages = useAudit(org, filter);
  const file = useAuditExport(org, filter);
  const verification = useVerification(org);
  const trouble = useTrouble();
  useTitle(t("audit.title"), organization?.name);
  const entries = pages.data?.pages.flatMap((page) => page.items) ?? [];
  const found = verification.data;
  return (
    <>
      <PageHead
        title={t("audit.title")}
        lead={t("audit.lead")}
        action={
          <>
            <Button busy={verification.isPending} onClick={() => verification.mutate()}>
              <ShieldCheck aria-hidden className="size-3.5" /> {t("audit.verify")}
            </Button>
            <Button busy={file.isPending} onClick={() => file.mutate()}>
              <Download aria-hidden className="size-3.5" /> {t("audit.csv")}
            </Button>
          </>
        }
      />
      <div className="flex flex-wrap items-center gap-2 px-4 pb-3">
        <Input
          type="search"
          aria-label={t("audit.search")}
          placeholder={t("audit.search")}
          value={filter.words}
          maxLength={200}
          onChange={(event) => change({ q: event.target.value })}
          className="max-w-72"
        />
        <Segmented
          label={t("audit.outcome")}
          value={filter.outcome ?? "all"}
          onChange={(next) => change({ outcome: next === "all" ? null : next })}
          options={[
            { value: "all", label: t("audit.outcome.all") },
            { value: "done", label: t("audit.outcome.done") },
            { value: "refused", label: t("audit.outcome.refused") },
            { value: "found", label: t("audit.outcome.found") },
          ]}
        />
      </div>
      <div className="flex flex-col gap-2 px-4 empty:hidden [&>*]:mb-3">
        {(verification.isError || file.isError) && <TroubleNotice trouble={trouble(verification.error ?? file.error)} />}
        {found?.holds && (
          <Notice kind="success" title={t("audit.holds", { count: found.entries })}>
            <code className="text-xs break-all">
              {found.entries}:{found.head}
            </code>
          </Notice>
        )}
        {found && !found.holds && (
          <Notice kind="error" title={t("audit.broken", { number: found.broken_at ?? 0 })}>
            {t(`audit.broken.${found.reason ?? "unlinked"}`)}
          </Notice>
        )}
      </div>
      {pages.isPending ? (
        <SkeletonRows />
      ) : pages.isError ? (
        <Failed trouble={trouble(pages.error)} onRetry={() => void pages.refetch()} />
      ) : entries.length === 0 ? (
        <Empty icon={<ScrollText className="size-5" />} title={t("audit.empty")} />
      ) : (
        <div className="border-t border-line">
          <AuditList entries={entries} />
          <LoadMore pages={pages} className="justify-center py-3">{t("audit.older")}</LoadMore>
        </div>
      )}
    </>
  );
}
