import { useTrouble } from "@/api/use-trouble";
import type { Database, DatabaseChanges } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Field, Input, Select, TextArea } from "@/ui/field";
import { TroubleNotice } from "@/ui/notice";
import { useForm } from "@/ui/use-form";
import { useAddDatabase, useChangeDatabase } from "./queries";
import { databaseBodyOf, databaseValuesOf, type DatabaseValues, fromUrl, NEW_DATABASE, SSL_MODES } from "./values";

interface DatabaseFormProps {
  org: string;
  project: string;
  environment: string;
  database: Database | null;
  onDone: () => void;
  onCancel: () => void;
}

type TextName = Exclude<keyof DatabaseValues, "sslmode">;

export function DatabaseForm({ org, project, environment, database, onDone, onCancel }: DatabaseFormProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const add = useAddDatabase(org, project, environment);
  const change = useChangeDatabase(org, project, environment, database?.id ?? "");
  const form = useForm(database ? databaseValuesOf(database) : NEW_DATABASE, async (values) => {
    const body = databaseBodyOf(values);
    if (database) {
      const { password, ...others } = body;
      const changes: DatabaseChanges = password === "" ? others : body;
      await change.mutateAsync(changes);
    } else await add.mutateAsync(body);
    onDone();
  });
  const text = (name: TextName) => ({
    name,
    value: form.values[name],
    onChange: (event: { target: { value: string } }) => form.set(name, event.target.value),
  });
  return (
    <form onSubmit={(event) => void form.submit(event)} noValidate className="flex flex-col gap-4">
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
            placeholder={database?.password.set ? t("environments.stored") : ""}
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
      </div>
      <p className="text-xs text-muted">{t("environments.passwordHint")}</p>
      {form.error != null && <TroubleNotice trouble={trouble(form.error)} />}
      <div className="flex gap-2">
        <Button type="submit" variant="primary" busy={form.busy}>
          {database ? t("common.save") : t("environments.addDatabase")}
        </Button>
        <Button onClick={onCancel}>{t("common.cancel")}</Button>
      </div>
    </form>
  );
}
