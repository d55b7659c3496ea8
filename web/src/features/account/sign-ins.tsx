import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Chip } from "@/ui/chip";
import { TroubleNotice } from "@/ui/notice";
import { Failed, SkeletonRows } from "@/ui/states";
import { useEndSignIn, useSignIns } from "./queries";

/** Where somebody is signed in, each to be ended. */
export function SignIns() {
  const { t, exact } = useLanguage();
  const trouble = useTrouble();
  const found = useSignIns();
  const end = useEndSignIn();
  if (found.isError) return <Failed trouble={trouble(found.error)} onRetry={() => void found.refetch()} />;
  if (!found.data) return <SkeletonRows rows={3} />;
  return (
    <div className="flex flex-col gap-4">
      {end.isError && <TroubleNotice trouble={trouble(end.error)} />}
      <ul className="divide-y divide-line border-y border-line">
        {found.data.map((one) => (
          <li key={one.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 py-2">
            <div className="min-w-0 flex-1 basis-60">
              <p className="truncate text-sm" title={one.user_agent}>
                {one.user_agent || one.address} {one.current && <Chip tone="applied">{t("account.here")}</Chip>}
              </p>
              <p className="text-xs text-muted">
                {one.address} · {t("account.began", { when: exact(one.began_at), used: exact(one.last_used_at) })}
              </p>
            </div>
            {!one.current && (
              <Button size="small" variant="danger" busy={end.isPending && end.variables === one.id} onClick={() => end.mutate(one.id)}>
                {t("account.endSession")}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {found.data.length > 1 && (
        <div>
          <Button variant="danger" busy={end.isPending && end.variables === null} onClick={() => end.mutate(null)}>
            {t("account.endOthers")}
          </Button>
        </div>
      )}
    </div>
  );
}
