import type { WebhookMade } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";
import { Dialog } from "@/ui/dialog";

/** The secret that messages are signed with, this once. */
export function SecretShown({ made, onClose }: { made: WebhookMade; onClose: () => void }) {
  const { t } = useLanguage();
  return (
    <Dialog
      open
      title={t("webhooks.secretTitle", { name: made.name })}
      description={t("webhooks.secretLead")}
      footer={
        <Button variant="primary" onClick={onClose}>
          {t("tokens.kept")}
        </Button>
      }
    >
      <div className="flex items-center gap-2 rounded-md border border-line bg-code px-3 py-2">
        <code className="min-w-0 flex-1 text-sm break-all" data-testid="secret">
          {made.secret}
        </code>
        <CopyButton text={made.secret} />
      </div>
    </Dialog>
  );
}
