import { Navigate, useLocation, useParams } from "react-router";
import { asProblem } from "@/api/problem";
import { useTrouble } from "@/api/use-trouble";
import { useJob } from "@/features/jobs/queries";
import { Failed } from "@/ui/states";
import { addresses } from "../addresses";
import { NotFound } from "./not-found";

/** The command line and messages know a job by its id alone. */
export function JobById() {
  const { job: id } = useParams();
  const { hash } = useLocation();
  const job = useJob(id);
  const trouble = useTrouble();
  if (job.isError) return asProblem(job.error).status < 500 ? <NotFound /> : <Failed trouble={trouble(job.error)} onRetry={() => void job.refetch()} />;
  if (!job.data) return null;
  return <Navigate to={addresses.job(job.data.organization.slug, job.data.project.slug, job.data.id) + hash} replace />;
}
