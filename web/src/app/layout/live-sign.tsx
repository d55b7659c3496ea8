import { useEffect, useState } from "react";
import { useLiveState } from "@/api/use-live";
import { useLanguage } from "@/i18n";

/** A break that mends itself at once is nobody's business. */
const AFTER = 1_500;

/** Says quietly that what is shown may be a little old. */
export function LiveSign() {
  const { t } = useLanguage();
  const away = useLiveState() === "reconnecting";
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(away), away ? AFTER : 0);
    return () => clearTimeout(timer);
  }, [away]);
  return (
    <span role="status" className="contents">
      {shown && away && (
        <span title={t("live.hint")} className="flex shrink-0 items-center gap-1.5 text-xs text-muted">
          <span aria-hidden className="size-1.5 animate-pulse rounded-full bg-pending motion-reduce:animate-none" />
          <span className="max-sm:sr-only">{t("live.reconnecting")}</span>
        </span>
      )}
    </span>
  );
}
