/** One request for approval: what is asked for, and one's own word about it. */
import { ArrowLeft } from "lucide-react";
import { Link, useNavigate, useParams } from "react-router";
import { asProblem } from "@/api/problem";
import { useTrouble } from "@/api/use-trouble";
import { useRequest } from "@/features/approvals/queries";
import { RequestView } from "@/features/approvals/request-view";
import { useRequestTitle } from "@/features/approvals/state";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Failed, SkeletonRows } from "@/ui/states";
import { useTitle } from "@/ui/use-title";
import { addresses } from "../addresses";
import { ChecksOfPlan, DangersOfPlan } from "../checks";
import { NotFound } from "./not-found";

export function Approval() {
  const { t } = useLanguage();
  const { org = "", request: key = "" } = useParams();
  const navigate = useNavigate();
  const trouble = useTrouble();
  const title = useRequestTitle();
  const request = useRequest(key);
  useTitle(request.data ? title(request.data) : t("approvals.title"), t("approvals.title"));
  if (request.isError && !request.data)
    return [404, 422].includes(asProblem(request.error).status) ? (
      <NotFound />
    ) : (
      <Failed trouble={trouble(request.error)} onRetry={() => void request.refetch()} />
    );
  if (!request.data) return <SkeletonRows rows={10} />;
  const { job, project } = request.data;
  return (
    <>
      <div className="px-2 pt-2">
        <Button asChild variant="quiet" size="small">
          <Link to={addresses.approvals(org)}>
            <ArrowLeft aria-hidden className="size-3.5" /> {t("approvals.title")}
          </Link>
        </Button>
      </div>
      <RequestView
        request={request.data}
        jobLink={(label) =>
          job && (
            <Button asChild size="small">
              <Link to={addresses.job(org, project.slug, job.id)}>{label}</Link>
            </Button>
          )
        }
        checks={(plan, steps) => (request.data.kind === "stamp" ? steps(() => null) : <ChecksOfPlan plan={plan}>{steps}</ChecksOfPlan>)}
        dangers={(plan) => <DangersOfPlan plan={plan} />}
        onStarted={(started) => void navigate(addresses.job(org, started.project.slug, started.id))}
      />
    </>
  );
}
