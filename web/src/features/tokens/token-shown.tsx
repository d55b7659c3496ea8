import type { TokenMade } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";
import { Dialog } from "@/ui/dialog";

/** The text of a token, this once. */
export function TokenShown({ made, onClose }: { made: TokenMade; onClose: () => void }) {
  const { t } = useLanguage();
  return (
    <Dialog
      open
      title={t("tokens.shown", { name: made.name })}
      description={t("tokens.shownLead")}
      footer={
        <Button variant="primary" onClick={onClose}>
          {t("tokens.kept")}
        </Button>
      }
    >
      <div className="flex items-center gap-2 rounded-md border border-line bg-code px-3 py-2">
        <code className="min-w-0 flex-1 text-sm break-all" data-testid="token">
          {made.token}
        </code>
        <CopyButton text={made.token} />
      </div>
    </Dialog>
  );
}
