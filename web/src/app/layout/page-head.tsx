import type { ReactNode } from "react";

interface PageHeadProps {
  title: ReactNode;
  count?: number | undefined;
  lead?: ReactNode;
  action?: ReactNode;
}

export function PageHead({ title, count, lead, action }: PageHeadProps) {
  return (
    <div className="flex flex-wrap items-center justify-between gap-3 px-4 py-3.5">
      <div className="min-w-0">
        <h1 className="text-lg font-semibold tracking-tight">
          {title} {count !== undefined && <span className="font-normal text-muted">{count}</span>}
        </h1>
        {lead && <p className="text-sm text-muted">{lead}</p>}
      </div>
      {action && <div className="flex items-center gap-2">{action}</div>}
    </div>
  );
}
