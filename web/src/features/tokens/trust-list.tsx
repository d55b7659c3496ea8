import { ShieldCheck } from "lucide-react";
import type { ReactNode } from "react";
import type { Trust } from "@/api/types";
import { useLanguage } from "@/i18n";
import { CopyButton } from "@/ui/copy-button";
import { Ago } from "@/ui/time";

interface TrustListProps {
  trusts: Trust[];
  nameOfProject: (id: string) => string | undefined;
  actions: (trust: Trust) => ReactNode;
}

/** Whose pipelines are trusted, and by which claims. */
export function TrustList({ trusts, nameOfProject, actions }: TrustListProps) {
  const { t } = useLanguage();
  if (trusts.length === 0) return <p className="px-4 text-sm text-muted">{t("trusts.empty")}</p>;
  return (
    <ul className="border-t border-line">
      {trusts.map((trust) => (
        <li key={trust.id} className="flex flex-wrap items-start gap-x-4 gap-y-2 border-b border-line px-4 py-2.5">
          <ShieldCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-muted" />
          <div className="min-w-0 flex-1 basis-64">
            <p className="font-medium break-words">{trust.name}</p>
            <p className="flex flex-wrap items-center gap-x-3 text-sm text-muted">
              <span>{trust.account.name}</span>
              <span>{trust.project_ids?.map((id) => nameOfProject(id) ?? t("tokens.goneProject")).join(", ") ?? t("tokens.allProjects")}</span>
              <span>{t("trusts.minutes", { count: trust.life_minutes })}</span>
            </p>
            <p className="font-mono text-xs break-all text-muted">{trust.issuer}</p>
            <p className="font-mono text-xs break-all text-muted">{trust.claims.map((claim) => `${claim.name}=${claim.pattern}`).join("  ")}</p>
            <p className="mt-1 flex items-center gap-1.5 text-xs text-muted">
              <code className="break-all">STILLROOM_TRUST={trust.id}</code>
              <CopyButton text={trust.id} />
            </p>
          </div>
          <p className="basis-32 text-xs text-muted">
            {trust.last_used_at ? (
              <>
                {t("tokens.used")} <Ago at={trust.last_used_at} />
              </>
            ) : (
              t("tokens.neverUsed")
            )}
          </p>
          <div className="flex gap-2">{actions(trust)}</div>
        </li>
      ))}
    </ul>
  );
}
