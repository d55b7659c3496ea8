import { onlineManager } from "@tanstack/react-query";
import { WifiOff } from "lucide-react";
import { useSyncExternalStore } from "react";
import { useLanguage } from "@/i18n";

/** The machine has no network: what is shown may be old, and what is sent waits. */
export function Offline() {
  const { t } = useLanguage();
  const online = useSyncExternalStore(
    (listener) => onlineManager.subscribe(listener),
    () => onlineManager.isOnline(),
  );
  return (
    <div role="status">
      {!online && (
        <p className="flex items-center gap-2 border-b border-line bg-pending-soft px-4 py-1.5 text-sm text-pending">
          <WifiOff aria-hidden className="size-3.5 shrink-0" /> {t("offline")}
        </p>
      )}
    </div>
  );
}
