import { CloudOff } from "lucide-react";
import type { ReactNode } from "react";
import { useLanguage } from "@/i18n";
import { Button } from "./button";
import { cx } from "./cx";
import type { Trouble } from "./notice";

export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={cx("shimmer rounded bg-neutral-soft", className)} />;
}

/** Grey rows where the list will be. */
export function SkeletonRows({ rows = 8, className }: { rows?: number; className?: string }) {
  const { t } = useLanguage();
  return (
    <div role="status" aria-label={t("common.loading")} className={className}>
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className="flex h-8 items-center gap-3 border-b border-line px-4">
          <Skeleton className="h-3 w-12" />
          <Skeleton className={cx("h-3", ["w-1/3", "w-1/2", "w-2/5", "w-1/4"][index % 4])} />
        </div>
      ))}
    </div>
  );
}

interface EmptyProps {
  icon?: ReactNode;
  title: ReactNode;
  children?: ReactNode;
  action?: ReactNode;
}

/** Nothing here yet: why, and the one thing to do next. */
export function Empty({ icon, title, children, action }: EmptyProps) {
  return (
    <div className="mx-auto flex max-w-md flex-col items-center px-6 py-14 text-center">
      {icon && <div className="mb-3 flex size-10 items-center justify-center rounded-lg bg-neutral-soft text-muted">{icon}</div>}
      <h2 className="text-lg font-semibold">{title}</h2>
      {children && <div className="mt-1 text-muted">{children}</div>}
      {action && <div className="mt-4 flex gap-2">{action}</div>}
    </div>
  );
}

/** A page's or list's failure: the service's own words and a retry. */
export function Failed({ trouble, onRetry }: { trouble: Trouble; onRetry?: () => void }) {
  const { t, said } = useLanguage();
  return (
    <div role="alert">
      <Empty
        icon={<CloudOff className="size-5" />}
        title={said(trouble.title)}
        action={onRetry && <Button onClick={onRetry}>{t("common.retry")}</Button>}
      >
        <p className="whitespace-pre-line">{said(trouble.detail)}</p>
        {trouble.fix && <p className="mt-1 text-text">{said(trouble.fix)}</p>}
      </Empty>
    </div>
  );
}
