import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { HostKey, HostKeys, HostKeysAsk } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Notice, TroubleNotice } from "@/ui/notice";

interface HostKeyLookupProps {
  place: HostKeysAsk;
  /** What stands in the field now. */
  line: string;
  /** Fingerprints of what is saved; empty where nothing is. */
  saved: readonly string[];
  ask: (place: HostKeysAsk) => Promise<HostKeys>;
  onTake: (line: string) => void;
  /** Somebody came here to compare. */
  focused: boolean;
}

/** Asks the SSH server for its key and shows what to compare it with; a person takes it over, or it is not taken. */
export function HostKeyLookup({ place, line, saved, ask, onTake, focused }: HostKeyLookupProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const look = useMutation({ mutationFn: ask });
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (focused) button.current?.focus();
  }, [focused]);
  // What another server said is not shown beside this one's name.
  const current = look.variables?.host === place.host && look.variables.port === place.port;
  return (
    <div className="flex flex-col gap-2">
      <div>
        <Button ref={button} size="small" busy={look.isPending} disabled={place.host === ""} onClick={() => look.mutate(place)}>
          {t("environments.hostKeyAsk")}
        </Button>
      </div>
      {current && look.isError && <TroubleNotice trouble={trouble(look.error)} />}
      {current && look.data && <Shown host={place.host} keys={look.data.keys} line={line} saved={saved} onTake={onTake} />}
    </div>
  );
}

function Shown({ host, keys, line, saved, onTake }: { host: string; keys: HostKey[] } & Pick<HostKeyLookupProps, "line" | "saved" | "onTake">) {
  const { t } = useLanguage();
  const known = keys.find((key) => saved.includes(key.fingerprint));
  const [first, ...others] = known ? [known, ...keys.filter((key) => key !== known)] : keys;
  if (!first) return null;
  return (
    <Notice kind={known ? "success" : saved.length > 0 ? "warning" : "info"} title={t("environments.hostKeyShown", { host })}>
      <div className="flex flex-col gap-2">
        {known && <p>{t("environments.hostKeySame")}</p>}
        {!known && saved.length > 0 && <p className="break-all">{t("environments.hostKeyChanged", { fingerprint: saved.join(", ") })}</p>}
        <ShownKey shown={first} line={line} onTake={onTake} />
        {others.length > 0 && (
          <details>
            <summary className="cursor-pointer text-muted">{t("environments.hostKeyOthers", { count: others.length })}</summary>
            <div className="mt-2 flex flex-col gap-3">
              {others.map((key) => (
                <ShownKey key={key.type} shown={key} line={line} onTake={onTake} />
              ))}
            </div>
          </details>
        )}
      </div>
    </Notice>
  );
}

function ShownKey({ shown, line, onTake }: { shown: HostKey } & Pick<HostKeyLookupProps, "line" | "onTake">) {
  const { t } = useLanguage();
  return (
    <div className="flex flex-col gap-1">
      <p className="text-xs text-muted">{shown.type}</p>
      <code className="text-xs font-medium break-all">{shown.fingerprint}</code>
      <p className="mt-1">{t("environments.hostKeyCompare")}</p>
      <code className="text-xs break-all">{shown.compare}</code>
      {line.trim() === shown.line ? (
        <p className="mt-1 font-medium">{t("environments.hostKeyTaken")}</p>
      ) : (
        <div className="mt-1">
          <Button size="small" onClick={() => onTake(shown.line)}>
            {t("environments.hostKeyTake")}
          </Button>
        </div>
      )}
    </div>
  );
}
