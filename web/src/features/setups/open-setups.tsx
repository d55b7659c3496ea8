import { FolderGit2, Trash2 } from "lucide-react";
import type { ReactNode } from "react";
import { useLanguage } from "@/i18n";
import { IconButton } from "@/ui/button";
import { Ago } from "@/ui/time";
import { useDiscardSetup, useSetups } from "./queries";

/** Projects that were begun and not finished, to go on with. */
export function OpenSetups({ org, renderLink }: { org: string; renderLink: (setup: string, content: ReactNode) => ReactNode }) {
  const { t } = useLanguage();
  const setups = useSetups(org, true);
  const discard = useDiscardSetup(org);
  if (!setups.data?.length) return null;
  return (
    <section aria-label={t("setups.begun")} className="mb-6">
      <h2 className="mb-1 text-sm font-medium">{t("setups.begun")}</h2>
      <ul className="border-t border-line">
        {setups.data.map((setup) => (
          <li key={setup.id} className="flex items-center gap-2 border-b border-line">
            <span className="min-w-0 flex-1">
              {renderLink(
                setup.id,
                <span className="flex min-w-0 items-center gap-2.5 py-1.5">
                  <FolderGit2 aria-hidden className="size-4 shrink-0 text-muted" />
                  <code className="min-w-0 truncate text-xs">{setup.git_url}</code>
                  <span className="ml-auto shrink-0 text-xs text-muted">
                    <Ago at={setup.touched_at} />
                  </span>
                </span>,
              )}
            </span>
            <IconButton size="small" label={t("setups.discard", { url: setup.git_url })} onClick={() => discard.mutate(setup.id)}>
              <Trash2 className="size-3.5" />
            </IconButton>
          </li>
        ))}
      </ul>
    </section>
  );
}
