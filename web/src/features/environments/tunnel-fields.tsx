import { useState } from "react";
import type { Environment } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Checkbox, Field, Input, TextArea } from "@/ui/field";
import type { Form } from "@/ui/use-form";
import { type EnvironmentValues, NO_TUNNEL, type TunnelValues } from "./values";

interface TunnelFieldsProps {
  form: Form<EnvironmentValues>;
  /** The tunnel that is there already. */
  stored: Environment["tunnel"];
}

/** The SSH server through which the databases of an environment are reached, or none. */
export function TunnelFields({ form, stored }: TunnelFieldsProps) {
  const { t } = useLanguage();
  const { tunnel } = form.values;
  // What was typed is still there for who takes the mark away and sets it again.
  const [last, setLast] = useState(tunnel ?? NO_TUNNEL);
  const switchTo = (on: boolean) => {
    if (tunnel) setLast(tunnel);
    form.set("tunnel", on ? last : null);
  };
  return (
    <fieldset className="flex min-w-0 flex-col gap-3">
      <Checkbox label={t("environments.tunnel")} hint={t("environments.tunnelHint")} checked={tunnel !== null} onChange={(event) => switchTo(event.target.checked)} />
      {tunnel && <Place form={form} tunnel={tunnel} stored={stored} />}
    </fieldset>
  );
}

function Place({ form, tunnel, stored }: TunnelFieldsProps & { tunnel: TunnelValues }) {
  const { t } = useLanguage();
  const text = (name: keyof TunnelValues) => ({
    value: tunnel[name],
    onChange: (event: { target: { value: string } }) => form.set("tunnel", { ...tunnel, [name]: event.target.value }),
  });
  return (
    <div className="grid grid-cols-6 gap-x-4 gap-y-3">
      <Field className="col-span-6 sm:col-span-3" label={t("environments.tunnelHost")} error={form.errorOf("tunnel.host")}>
        <Input mono placeholder="bastion.example.org" {...text("host")} />
      </Field>
      <Field className="col-span-6 sm:col-span-1" label={t("environments.tunnelPort")} error={form.errorOf("tunnel.port")}>
        <Input mono inputMode="numeric" {...text("port")} />
      </Field>
      <Field className="col-span-6 sm:col-span-2" label={t("environments.tunnelUser")} error={form.errorOf("tunnel.user")}>
        <Input mono {...text("user")} />
      </Field>
      <Field className="col-span-6" label={t("environments.tunnelHostKey")} hint={t("environments.tunnelHostKeyHint")} error={form.errorOf("tunnel.host_key")}>
        <TextArea mono rows={2} spellCheck={false} placeholder="ssh-ed25519 AAAA…" {...text("hostKey")} />
      </Field>
      {stored && (
        <p className="col-span-6 text-sm break-all text-muted">{t("environments.tunnelFingerprint", { fingerprint: stored.fingerprints.join(", ") })}</p>
      )}
      <Field
        className="col-span-6"
        label={t("environments.tunnelKey")}
        optional={t("common.optional")}
        hint={t("environments.tunnelKeyHint")}
        error={form.errorOf("tunnel.private_key")}
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
      {stored?.public_key && (
        <Field className="col-span-6" label={t("environments.tunnelPublicKey")} hint={t("environments.tunnelPublicKeyHint")}>
          <TextArea mono rows={2} readOnly value={stored.public_key} />
        </Field>
      )}
    </div>
  );
}
