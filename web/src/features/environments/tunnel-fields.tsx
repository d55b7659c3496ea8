import { useState } from "react";
import type { Environment, HostKeys, HostKeysAsk } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Checkbox, Field, Input, TextArea } from "@/ui/field";
import { TroubleNotice } from "@/ui/notice";
import { HostKeyLookup } from "./host-key-lookup";
import { NO_TUNNEL, placeOf, type TunnelValues } from "./values";

interface TunnelFieldsProps {
  tunnel: TunnelValues | null;
  onChange: (tunnel: TunnelValues | null) => void;
  errorOf: (name: string) => string | undefined;
  /** What is known of the tunnel that is there already. */
  stored: Pick<NonNullable<Environment["tunnel"]>, "fingerprints" | "public_key"> | null;
  askHostKeys: (place: HostKeysAsk) => Promise<HostKeys>;
  /** Somebody came here to compare the host key. */
  comparing?: boolean;
  /** Where the key is made before anything is saved: its public half must be on the server for a test. */
  makeKey?: { busy: boolean; error: unknown; make: () => void };
}

/** The SSH server through which the databases of an environment are reached, or none. */
export function TunnelFields({ tunnel, onChange, ...others }: TunnelFieldsProps) {
  const { t } = useLanguage();
  // What was typed is still there for who takes the mark away and sets it again.
  const [last, setLast] = useState(tunnel ?? NO_TUNNEL);
  const switchTo = (on: boolean) => {
    if (tunnel) setLast(tunnel);
    onChange(on ? last : null);
  };
  return (
    <fieldset className="flex min-w-0 flex-col gap-3">
      <Checkbox label={t("environments.tunnel")} hint={t("environments.tunnelHint")} checked={tunnel !== null} onChange={(event) => switchTo(event.target.checked)} />
      {tunnel && <Place tunnel={tunnel} onChange={onChange} {...others} />}
    </fieldset>
  );
}

function Place({ tunnel, onChange, errorOf, stored, askHostKeys, comparing = false, makeKey }: TunnelFieldsProps & { tunnel: TunnelValues }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const text = (name: keyof TunnelValues) => ({
    value: tunnel[name],
    onChange: (event: { target: { value: string } }) => onChange({ ...tunnel, [name]: event.target.value }),
  });
  return (
    <div className="grid grid-cols-6 gap-x-4 gap-y-3">
      <Field className="col-span-6 sm:col-span-3" label={t("environments.tunnelHost")} error={errorOf("tunnel.host")}>
        <Input mono placeholder="bastion.example.org" {...text("host")} />
      </Field>
      <Field className="col-span-6 sm:col-span-1" label={t("environments.tunnelPort")} error={errorOf("tunnel.port")}>
        <Input mono inputMode="numeric" {...text("port")} />
      </Field>
      <Field className="col-span-6 sm:col-span-2" label={t("environments.tunnelUser")} error={errorOf("tunnel.user")}>
        <Input mono {...text("user")} />
      </Field>
      <Field className="col-span-6" label={t("environments.tunnelHostKey")} hint={t("environments.tunnelHostKeyHint")} error={errorOf("tunnel.host_key")}>
        <TextArea mono rows={2} spellCheck={false} placeholder="ssh-ed25519 AAAA…" {...text("hostKey")} />
      </Field>
      {stored && stored.fingerprints.length > 0 && (
        <p className="col-span-6 text-sm break-all text-muted">{t("environments.tunnelFingerprint", { fingerprint: stored.fingerprints.join(", ") })}</p>
      )}
      <div className="col-span-6">
        <HostKeyLookup
          place={placeOf(tunnel)}
          line={tunnel.hostKey}
          saved={stored?.fingerprints ?? []}
          ask={askHostKeys}
          onTake={(line) => onChange({ ...tunnel, hostKey: line })}
          focused={comparing}
        />
      </div>
      <Field
        className="col-span-6"
        label={t("environments.tunnelKey")}
        optional={t("common.optional")}
        hint={t(makeKey ? "environments.tunnelKeyFirstHint" : "environments.tunnelKeyHint")}
        error={errorOf("tunnel.private_key")}
      >
        <TextArea
          mono
          rows={2}
          autoComplete="off"
          spellCheck={false}
          placeholder={stored?.public_key ? t("environments.stored") : "-----BEGIN OPENSSH PRIVATE KEY-----"}
          {...text("privateKey")}
        />
      </Field>
      {makeKey && !stored?.public_key && tunnel.privateKey === "" && (
        <div className="col-span-6 flex flex-col gap-2">
          <div>
            <Button size="small" busy={makeKey.busy} onClick={makeKey.make}>
              {t("environments.tunnelKeyMake")}
            </Button>
          </div>
          {makeKey.error != null && <TroubleNotice trouble={trouble(makeKey.error)} />}
        </div>
      )}
      {stored?.public_key && (
        <Field className="col-span-6" label={t("environments.tunnelPublicKey")} hint={t("environments.tunnelPublicKeyHint")}>
          <TextArea mono rows={2} readOnly value={stored.public_key} />
        </Field>
      )}
    </div>
  );
}
