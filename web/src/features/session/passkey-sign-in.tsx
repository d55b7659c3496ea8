import { KeyRound } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { canOfferPasskeys, canUsePasskeys, stopAsking } from "@/api/passkeys";
import { usePasskeyTrouble } from "@/api/use-passkey-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { TroubleNotice } from "@/ui/notice";
import { signInWithPasskey, useOptions } from "./queries";

// A challenge lives for five minutes.
const RENEWED_MS = 4 * 60_000;

/** Signing in with a passkey alone: by a button, and where the browser can, out of the field for the address. */
export function PasskeySignIn({ onDone }: { onDone: () => Promise<void> | void }) {
  const { t } = useLanguage();
  const trouble = usePasskeyTrouble();
  const offered = useOptions().data?.passkeys === true && canUsePasskeys();
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [round, setRound] = useState(0);
  const done = useRef(onDone);
  useEffect(() => {
    done.current = onDone;
  });

  useEffect(() => {
    if (!offered || busy) return;
    const over = new AbortController();
    const wait = async () => {
      if (!(await canOfferPasskeys())) return;
      try {
        await signInWithPasskey("conditional", over.signal);
        await done.current();
      } catch (cause) {
        if (!over.signal.aborted) setError(cause);
      }
    };
    void wait();
    const renewing = setInterval(() => setRound((before) => before + 1), RENEWED_MS);
    return () => {
      over.abort();
      stopAsking();
      clearInterval(renewing);
    };
  }, [offered, busy, round]);

  if (!offered) return null;
  const press = async () => {
    setError(null);
    setBusy(true);
    try {
      await signInWithPasskey();
      await done.current();
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  const told = error === null ? null : trouble(error);
  return (
    <div className="mt-3 flex flex-col gap-3">
      <Button size="large" busy={busy} onClick={() => void press()}>
        <KeyRound aria-hidden className="size-4" />
        {t("passkeys.signIn")}
      </Button>
      {told && <TroubleNotice trouble={told} />}
    </div>
  );
}
