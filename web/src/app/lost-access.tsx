/** The reader's role was taken away, or the thing itself deleted, while its page was open. */
import { useQueryClient } from "@tanstack/react-query";
import { UserX } from "lucide-react";
import { useRef, useSyncExternalStore } from "react";
import { Link } from "react-router";
import { isRefusal } from "@/api/query-client";
import type { OrganizationOfMe } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Empty } from "@/ui/states";
import { useTitle } from "@/ui/use-title";

/** True while a place that was there before is refused. */
export function useLostPlace(): boolean {
  const cache = useQueryClient().getQueryCache();
  return useSyncExternalStore(
    (listener) => cache.subscribe(listener),
    () =>
      cache.findAll({ type: "active" }).some(({ meta, state }) => meta?.place === true && state.data !== undefined && state.status === "error" && isRefusal(state.error)),
  );
}

/** Whether an organization was the reader's a moment ago and is no more. */
export function useLostOrganization(slug: string, organization: OrganizationOfMe | undefined): boolean {
  const seen = useRef<string | null>(null);
  if (organization) seen.current = slug;
  return !organization && seen.current === slug;
}

export function LostAccess() {
  const { t } = useLanguage();
  const client = useQueryClient();
  useTitle(t("lost.title"));
  return (
    <div role="alert" className="pt-16">
      <Empty
        icon={<UserX className="size-5" />}
        title={t("lost.title")}
        action={
          <>
            <Button asChild>
              <Link to="/">{t("notFound.back")}</Link>
            </Button>
            <Button onClick={() => void client.refetchQueries({ predicate: (query) => query.meta?.place === true })}>{t("common.retry")}</Button>
          </>
        }
      >
        {t("lost.detail")}
      </Empty>
    </div>
  );
}
