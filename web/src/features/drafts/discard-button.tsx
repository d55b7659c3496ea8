import { Trash2 } from "lucide-react";
import { useState } from "react";
import { useTrouble } from "@/api/use-trouble";
import type { Draft } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { TroubleNotice } from "@/ui/notice";
import { useDiscardDraft } from "./queries";

interface DiscardProps {
  org: string;
  project: string;
  draft: Draft;
  why: string | null;
  onDiscarded: () => void;
}

/** Forgets what was written, after a question. */
export function DiscardButton({ org, project, draft, why, onDiscarded }: DiscardProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const discard = useDiscardDraft(org, project, draft.id);
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Button why={why} onClick={() => setAsking(true)}>
        <Trash2 aria-hidden className="size-3.5" /> {t("drafts.discard")}
      </Button>
      <Dialog
        open={asking}
        onClose={() => setAsking(false)}
        title={t("drafts.discardTitle", { message: draft.message })}
        footer={
          <>
            <Button onClick={() => setAsking(false)}>{t("common.cancel")}</Button>
            <Button variant="danger-primary" busy={discard.isPending} onClick={() => discard.mutate(undefined, { onSuccess: onDiscarded })}>
              {t("drafts.discard")}
            </Button>
          </>
        }
      >
        <p>{t(draft.state === "pushed" ? "drafts.discardPushed" : "drafts.discardText")}</p>
        {discard.isError && <TroubleNotice className="mt-3" trouble={trouble(discard.error)} />}
      </Dialog>
    </>
  );
}
