import { AlertTriangle, CircleAlert, CircleCheck, Info } from "lucide-react";
import type { ReactNode } from "react";
import { useLanguage } from "@/i18n";
import { Button } from "./button";
import { cx } from "./cx";

type Kind = "info" | "warning" | "error" | "success";

const KINDS: Record<Kind, { look: string; icon: typeof Info }> = {
  info: { look: "border-line bg-code", icon: Info },
  warning: { look: "border-pending/30 bg-pending-soft [&_svg.mark]:text-pending", icon: AlertTriangle },
  error: { look: "border-failed/30 bg-failed-soft [&_svg.mark]:text-failed", icon: CircleAlert },
  success: { look: "border-applied/30 bg-applied-soft [&_svg.mark]:text-applied", icon: CircleCheck },
};

interface NoticeProps {
  kind?: Kind;
  title?: ReactNode;
  children?: ReactNode;
  action?: ReactNode;
  className?: string;
}

export function Notice({ kind = "info", title, children, action, className }: NoticeProps) {
  const { look, icon: Icon } = KINDS[kind];
  return (
    <div role={kind === "error" ? "alert" : "status"} className={cx("flex gap-2.5 rounded-md border px-3 py-2 text-sm", look, className)}>
      <Icon aria-hidden className="mark mt-0.5 size-4 shrink-0" />
      <div className="min-w-0 flex-1 break-words">
        {title && <p className="font-medium">{title}</p>}
        {children}
      </div>
      {action && <div className="shrink-0 self-center">{action}</div>}
    </div>
  );
}

/** What went wrong, in the service's words, and what to do about it. */
export interface Trouble {
  title: string;
  detail: string;
  fix?: string | null;
}

interface TroubleProps {
  trouble: Trouble;
  onRetry?: (() => void) | undefined;
  /** What else is to be done about it, before trying again. */
  action?: ReactNode;
  className?: string;
}

export function TroubleNotice({ trouble, onRetry, action, className }: TroubleProps) {
  const { t, said } = useLanguage();
  return (
    <Notice
      kind="error"
      title={said(trouble.title)}
      className={className}
      action={
        (onRetry || action) && (
          <div className="flex flex-col items-end gap-1.5">
            {action}
            {onRetry && (
              <Button size="small" onClick={onRetry}>
                {t("common.retry")}
              </Button>
            )}
          </div>
        )
      }
    >
      {trouble.detail && <p className="whitespace-pre-line">{said(trouble.detail)}</p>}
      {trouble.fix && (
        <p className="mt-1">
          <span className="font-medium">{t("common.fix")}</span> {said(trouble.fix)}
        </p>
      )}
    </Notice>
  );
}
