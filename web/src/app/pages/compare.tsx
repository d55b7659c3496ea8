/** Two databases of a project side by side. */
import { useParams } from "react-router";
import { asProblem } from "@/api/problem";
import { useTrouble } from "@/api/use-trouble";
import { ComparisonView } from "@/features/databases/comparison-view";
import { useEnvironments } from "@/features/environments/queries";
import { useLanguage } from "@/i18n";
import { Failed, SkeletonRows } from "@/ui/states";
import { useTitle } from "@/ui/use-title";
import { PageHead } from "../layout/page-head";
import { NotFound } from "./not-found";

export function Compare() {
  const { t } = useLanguage();
  const { org = "", project = "" } = useParams();
  const trouble = useTrouble();
  const environments = useEnvironments(org, project);
  useTitle(t("nav.compare"), project);
  if (environments.isError)
    return asProblem(environments.error).status === 404 ? <NotFound /> : <Failed trouble={trouble(environments.error)} onRetry={() => void environments.refetch()} />;
  if (!environments.data) return <SkeletonRows />;
  const databases = environments.data.flatMap((environment) => environment.databases.map((one) => ({ id: one.id, environment: environment.slug, label: `${environment.name} · ${one.name}` })));
  return (
    <div className="flex h-full min-h-0 flex-col">
      <PageHead title={t("nav.compare")} lead={t("databases.compare.lead")} />
      <div className="min-h-0 flex-1 border-t border-line">
        <ComparisonView org={org} project={project} databases={databases} />
      </div>
    </div>
  );
}
