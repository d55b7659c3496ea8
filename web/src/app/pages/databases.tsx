/** The databases of a project: where each stands, and the way into it. */
import { Database as DatabaseIcon, GitCompareArrows } from "lucide-react";
import { Link, useParams } from "react-router";
import { useTrouble } from "@/api/use-trouble";
import { CertificateState } from "@/features/environments/certificate-state";
import { useEnvironments } from "@/features/environments/queries";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Chip } from "@/ui/chip";
import { Empty, Failed, SkeletonRows } from "@/ui/states";
import { Ago } from "@/ui/time";
import { useTitle } from "@/ui/use-title";
import { addresses } from "../addresses";
import { PageHead } from "../layout/page-head";

export function Databases() {
  const { t } = useLanguage();
  const { org = "", project = "" } = useParams();
  const trouble = useTrouble();
  const environments = useEnvironments(org, project);
  useTitle(t("nav.databases"), project);
  const found = (environments.data ?? []).flatMap((environment) => environment.databases.map((database) => ({ environment, database })));
  return (
    <>
      <PageHead
        title={t("nav.databases")}
        lead={t("databases.lead")}
        action={
          found.length > 1 && (
            <Button asChild>
              <Link to={addresses.compare(org, project)}>
                <GitCompareArrows aria-hidden className="size-3.5" /> {t("nav.compare")}
              </Link>
            </Button>
          )
        }
      />
      <div className="border-t border-line">
        {environments.isPending ? (
          <SkeletonRows />
        ) : environments.isError ? (
          <Failed trouble={trouble(environments.error)} onRetry={() => void environments.refetch()} />
        ) : found.length === 0 ? (
          <Empty
            icon={<DatabaseIcon className="size-5" />}
            title={t("databases.none.title")}
            action={
              <Button asChild variant="primary">
                <Link to={`${addresses.settings(org, project)}?section=environments`}>{t("environments.addDatabase")}</Link>
              </Button>
            }
          >
            {t("databases.none.detail")}
          </Empty>
        ) : (
          <ul>
            {found.map(({ environment, database }) => (
              <li key={database.id} className="border-b border-line hover:bg-hover">
                <Link to={addresses.database(org, project, environment.slug, database.name)} className="flex items-center gap-3 px-4 py-2 outline-offset-[-2px]">
                  <DatabaseIcon aria-hidden className="size-4 shrink-0 text-muted" />
                  <span className="min-w-0 flex-1">
                    <span className="block truncate font-medium">
                      {environment.name} <span className="font-normal text-muted">{database.name}</span>
                    </span>
                    <span className="block truncate text-xs text-muted">
                      {database.database} · {database.host}:{database.port}
                    </span>
                  </span>
                  <span className="flex shrink-0 flex-col items-end gap-1">
                    {database.read.state === "failed" && <Chip tone="failed">{t("environments.unreachable")}</Chip>}
                    <CertificateState certificate={database.client_certificate} warnOnly />
                  </span>
                  <span className="text-right text-xs text-muted max-sm:hidden">
                    {database.server_version && <span className="block">PostgreSQL {database.server_version}</span>}
                    {database.heads_read_at && <Ago at={database.heads_read_at} />}
                  </span>
                </Link>
              </li>
            ))}
          </ul>
        )}
      </div>
    </>
  );
}
