import type { Database } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Checkbox, Field, Input, Select, TextArea } from "@/ui/field";
import type { Form } from "@/ui/use-form";
import { CertificateStored } from "./certificate-state";
import { type DatabaseValues, fromUrl, SSL_MODES, takesClientCertificate } from "./values";

type TextName = Exclude<keyof DatabaseValues, "sslmode" | "withoutCertificate">;

interface DatabaseFieldsProps {
  form: Pick<Form<DatabaseValues>, "values" | "set" | "replace" | "errorOf">;
  passwordStored: boolean;
  /** The certificate that Stillroom signs in with already. */
  certificate?: Database["client_certificate"];
}

/** Where a database is and who signs in; a pasted URL fills them all. */
export function DatabaseFields({ form, passwordStored, certificate = null }: DatabaseFieldsProps) {
  const { t } = useLanguage();
  const text = (name: TextName) => ({
    name,
    value: form.values[name],
    onChange: (event: { target: { value: string } }) => form.set(name, event.target.value),
  });
  return (
    <div className="grid grid-cols-6 gap-x-4 gap-y-3">
      <Field className="col-span-6 sm:col-span-4" label={t("environments.host")} hint={t("environments.hostHint")} error={form.errorOf("host")}>
        <Input
          mono
          placeholder="db.example.org"
          {...text("host")}
          onPaste={(event) => {
            const found = fromUrl(event.clipboardData.getData("text"));
            if (!found) return;
            event.preventDefault();
            form.replace({ ...form.values, ...found });
          }}
        />
      </Field>
      <Field className="col-span-6 sm:col-span-2" label={t("environments.port")} error={form.errorOf("port")}>
        <Input mono inputMode="numeric" {...text("port")} />
      </Field>
      <Field className="col-span-6 sm:col-span-3" label={t("environments.database")} error={form.errorOf("database")}>
        <Input mono {...text("database")} />
      </Field>
      <Field
        className="col-span-6 sm:col-span-3"
        label={t("environments.databaseName")}
        optional={t("common.optional")}
        hint={t("environments.databaseNameHint")}
        error={form.errorOf("name")}
      >
        <Input placeholder={form.values.database} {...text("name")} />
      </Field>
      <Field className="col-span-6 sm:col-span-3" label={t("environments.username")} error={form.errorOf("username")}>
        <Input mono {...text("username")} />
      </Field>
      <Field className="col-span-6 sm:col-span-3" label={t("environments.password")} error={form.errorOf("password")}>
        <Input
          mono
          type="password"
          autoComplete="new-password"
          placeholder={passwordStored ? t("environments.stored") : ""}
          {...text("password")}
        />
      </Field>
      <Field className="col-span-6 sm:col-span-3" label="sslmode" error={form.errorOf("sslmode")}>
        <Select value={form.values.sslmode} onChange={(event) => form.set("sslmode", event.target.value as DatabaseValues["sslmode"])}>
          {SSL_MODES.map((mode) => (
            <option key={mode}>{mode}</option>
          ))}
        </Select>
      </Field>
      {form.values.sslmode.startsWith("verify") && (
        <Field className="col-span-6" label={t("environments.ca")} optional={t("common.optional")} error={form.errorOf("ca_certificate")}>
          <TextArea mono placeholder="-----BEGIN CERTIFICATE-----" {...text("ca_certificate")} />
        </Field>
      )}
      {certificate && (
        <div className="col-span-6 flex flex-col gap-1">
          <CertificateStored certificate={certificate} />
          <Checkbox
            label={t("environments.certificateRemove")}
            checked={form.values.withoutCertificate}
            onChange={(event) => form.set("withoutCertificate", event.target.checked)}
          />
        </div>
      )}
      {takesClientCertificate(form.values.sslmode) && !form.values.withoutCertificate && (
        <>
          <Field
            className="col-span-6 sm:col-span-3"
            label={t("environments.certificate")}
            optional={t("common.optional")}
            hint={t("environments.certificateHint")}
            error={form.errorOf("client_certificate")}
          >
            <TextArea mono placeholder={certificate ? t("environments.stored") : "-----BEGIN CERTIFICATE-----"} {...text("client_certificate")} />
          </Field>
          <Field
            className="col-span-6 sm:col-span-3"
            label={t("environments.certificateKey")}
            optional={t("common.optional")}
            hint={t("environments.certificateKeyHint")}
            error={form.errorOf("client_key")}
          >
            <TextArea
              mono
              autoComplete="off"
              spellCheck={false}
              placeholder={certificate ? t("environments.stored") : "-----BEGIN PRIVATE KEY-----"}
              {...text("client_key")}
            />
          </Field>
        </>
      )}
    </div>
  );
}
