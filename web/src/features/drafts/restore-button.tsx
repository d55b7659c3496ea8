import { useTrouble } from "@/api/use-trouble";
import type { Draft } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { TroubleNotice } from "@/ui/notice";
import { useAskForDraft } from "./queries";

interface RestoreButtonProps {
  org: string;
  project: string;
  revision: string;
  why: string | null;
  onAsked: (draft: Draft) => void;
}

/** Has the file of a missing revision brought back, to be looked at and pushed as a branch. */
export function RestoreButton({ org, project, revision, why, onAsked }: RestoreButtonProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const ask = useAskForDraft(org, project);
  return (
    <div className="mt-1.5">
      <Button
        size="small"
        why={why}
        busy={ask.isPending}
        onClick={() => ask.mutate({ kind: "restore", message: "", restore: revision }, { onSuccess: onAsked })}
      >
        {t("drafts.restore")}
      </Button>
      {ask.isError && <TroubleNotice className="mt-1.5" trouble={trouble(ask.error)} />}
    </div>
  );
}
