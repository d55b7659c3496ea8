import type { ReactNode } from "react";
import type { ApprovalRequest } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Ago } from "@/ui/time";
import { RequestStateChip, useRequestTitle } from "./state";

interface RequestRowsProps {
  requests: ApprovalRequest[];
  selected: string | null;
  renderLink: (request: ApprovalRequest, content: ReactNode) => ReactNode;
}

export function RequestRows({ requests, selected, renderLink }: RequestRowsProps) {
  return (
    <ul>
      {requests.map((request) => (
        <li
          key={request.id}
          data-request={request.id}
          data-selected={request.id === selected || undefined}
          className="border-b border-line hover:bg-hover data-selected:bg-selected data-selected:shadow-[inset_2px_0_0_var(--accent)]"
        >
          {renderLink(request, <RequestRow request={request} />)}
        </li>
      ))}
    </ul>
  );
}

function RequestRow({ request }: { request: ApprovalRequest }) {
  const { t } = useLanguage();
  const title = useRequestTitle();
  return (
    <span className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-3 gap-y-0.5 px-4 py-2 md:grid-cols-[minmax(0,1.6fr)_minmax(0,1fr)_auto_5.5rem]">
      <span className="min-w-0">
        <span className="block truncate font-medium">
          <span className="text-muted">{request.project.name} · </span>
          {title(request)} <span className="font-normal text-muted">{request.database.name}</span>
        </span>
        <span className="block truncate text-xs text-muted">
          {request.revisions !== null && `${t("migrations.revisions", { count: request.revisions })} · `}
          {request.reason ?? <code>{request.commit.slice(0, 8)}</code>}
        </span>
      </span>
      <span className="truncate text-sm text-muted max-md:col-start-1 max-md:row-start-2">
        {request.actor.name}
        {request.actor.token && <> · {request.actor.token}</>}
      </span>
      <span className="justify-self-end max-md:col-start-2 max-md:row-start-1">
        <RequestStateChip request={request} />
      </span>
      <span className="justify-self-end text-right text-xs whitespace-nowrap text-muted max-md:col-start-2 max-md:row-start-2">
        <Ago at={request.closed_at ?? request.asked_at} short />
      </span>
    </span>
  );
}
