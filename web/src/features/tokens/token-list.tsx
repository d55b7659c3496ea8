import { Bot, User } from "lucide-react";
import type { ReactNode } from "react";
import type { Token } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Chip } from "@/ui/chip";
import { Ago } from "@/ui/time";
import { useNow } from "@/ui/use-now";

const SOON_MS = 14 * 24 * 3600 * 1000;

/** What a token is worth now. */
export function standing(token: Pick<Token, "revoked_at" | "expires_at">, now: number): "revoked" | "expired" | "soon" | "good" {
  if (token.revoked_at) return "revoked";
  const left = Date.parse(token.expires_at) - now;
  return left <= 0 ? "expired" : left < SOON_MS ? "soon" : "good";
}

interface TokenListProps {
  tokens: Token[];
  nameOfProject: (id: string) => string | undefined;
  actions: (token: Token) => ReactNode;
}

export function TokenList({ tokens, nameOfProject, actions }: TokenListProps) {
  const { t, exact } = useLanguage();
  const now = useNow(60_000);
  return (
    <ul className="border-t border-line">
      {tokens.map((token) => {
        const worth = standing(token, now);
        const Owner = token.owner.kind === "service" ? Bot : User;
        const places = token.project_ids?.map((id) => nameOfProject(id) ?? t("tokens.goneProject")).join(", ") ?? t("tokens.allProjects");
        return (
          <li key={token.id} className="flex flex-wrap items-start gap-x-4 gap-y-2 border-b border-line px-4 py-2.5">
            <div className="min-w-0 flex-1 basis-64">
              <p className="flex flex-wrap items-center gap-2 font-medium">
                <span className="break-words">{token.name}</span>
                {worth !== "good" && <Chip tone={worth === "soon" ? "pending" : "failed"}>{t(`tokens.${worth}`)}</Chip>}
              </p>
              <p className="flex flex-wrap items-center gap-x-3 text-sm text-muted">
                <span className="inline-flex items-center gap-1">
                  <Owner aria-hidden className="size-3.5" /> {token.owner.name}
                </span>
                <span>{places}</span>
                {token.environment_ids && <span>{t("tokens.someEnvironments", { count: token.environment_ids.length })}</span>}
                {token.networks.length > 0 && <code className="text-xs">{token.networks.join(", ")}</code>}
              </p>
              <p className="text-xs break-words text-muted">{token.permissions.join(", ")}</p>
            </div>
            <div className="basis-44 text-xs text-muted">
              <p>{t("tokens.until", { date: exact(token.expires_at) })}</p>
              <p>
                {token.last_used_at ? (
                  <>
                    {t("tokens.used")} <Ago at={token.last_used_at} /> {token.last_used_address}
                  </>
                ) : (
                  t("tokens.neverUsed")
                )}
              </p>
            </div>
            {(worth === "good" || worth === "soon") && <div className="flex gap-2">{actions(token)}</div>}
          </li>
        );
      })}
    </ul>
  );
}
