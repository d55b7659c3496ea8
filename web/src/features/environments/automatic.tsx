/** What an environment's rule did with the latest commits. */
import { GitCommitHorizontal } from "lucide-react";
import type { ReactNode } from "react";
import { asProblem } from "@/api/problem";
import { useTrouble } from "@/api/use-trouble";
import type { AutomaticUpgrade } from "@/api/types";
import { useLanguage } from "@/i18n";
import { TroubleNotice } from "@/ui/notice";
import { type Mark, StateMark } from "@/ui/state-mark";
import { Ago } from "@/ui/time";
import { useAutomatic } from "./queries";

const MARKS: Record<AutomaticUpgrade["state"], Mark> = {
  waiting: "pending",
  started: "applied",
  asked: "pending",
  refused: "failed",
  current: "applied",
};
const SHOWN = 5;

interface AutomaticProps {
  org: string;
  project: string;
  environment: string;
  /** A link to the job or the request that came of it. */
  renderLink: (to: { job: string | null; request: string | null }, label: string) => ReactNode;
}

export function Automatic({ org, project, environment, renderLink }: AutomaticProps) {
  const { t, exact } = useLanguage();
  const trouble = useTrouble();
  const found = useAutomatic(org, project, environment);
  if (found.isError) return <TroubleNotice className="m-4" trouble={trouble(found.error)} onRetry={() => void found.refetch()} />;
  if (!found.data) return null;
  const { by, items } = found.data;
  return (
    <div className="border-t border-line px-4 py-2.5 text-sm" role="group" aria-label={t("environments.automatic")}>
      <p className="flex items-center gap-1.5">
        <GitCommitHorizontal aria-hidden className="size-3.5 shrink-0 text-muted" />
        {by ? t("environments.automaticBy", { person: by }) : <span className="text-failed">{t("environments.automaticByNobody")}</span>}
      </p>
      {items.length > 0 && (
        <ul className="mt-1.5 flex flex-col gap-1">
          {items.slice(0, SHOWN).map((item) => (
            <li key={`${item.database} ${item.commit}`} className="flex flex-wrap items-center gap-x-2">
              <StateMark mark={MARKS[item.state]} />
              <code className="text-xs">{item.commit.slice(0, 8)}</code>
              <span className="text-muted">→ {item.database}</span>
              {item.job_id ?? item.request_id ? (
                renderLink({ job: item.job_id, request: item.request_id }, t(`environments.automatic.${item.state}`))
              ) : (
                <span>{t(`environments.automatic.${item.state}`)}</span>
              )}
              {item.problem && <span className="basis-full pl-5 text-xs text-muted">{asProblem(item.problem).title}</span>}
              {item.next_try_at && <span className="basis-full pl-5 text-xs text-muted">{t("environments.automaticNext", { time: exact(item.next_try_at) })}</span>}
              <span className="ml-auto text-xs text-muted">
                <Ago at={item.created_at} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
