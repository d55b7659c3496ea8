import { type Key, useLanguage } from "@/i18n";
import { PasskeyFailed } from "./passkeys";
import { useTrouble } from "./use-trouble";

/** What went wrong with a passkey, in the browser or at the service; null where nobody has to be told. */
export function usePasskeyTrouble() {
  const { t } = useLanguage();
  const trouble = useTrouble();
  return (error: unknown) => {
    if (!(error instanceof PasskeyFailed)) return trouble(error);
    if (error.failure === "silent") return null;
    const said: Key = `passkeys.trouble.${error.failure}`;
    return { title: t(said), detail: t(`${said}.detail` as "passkeys.trouble.cancelled.detail") };
  };
}
