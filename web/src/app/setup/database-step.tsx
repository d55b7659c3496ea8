/** The first database: typed or pasted, tested by a worker, reported. */
import { useTrouble } from "@/api/use-trouble";
import type { Setup } from "@/api/types";
import { DatabaseFields } from "@/features/environments/database-fields";
import { databaseBodyOf, type DatabaseValues, NEW_DATABASE } from "@/features/environments/values";
import { isTesting, useTestDatabase } from "@/features/setups/queries";
import { ServerReport } from "@/features/setups/server-report";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { TroubleNotice } from "@/ui/notice";
import { Spinner } from "@/ui/spinner";
import { useForm } from "@/ui/use-form";

/** The fields as they are kept until the project is made: nothing secret. */
export function keptOf(values: DatabaseValues): Record<string, string> {
  const { name, host, port, database, username, sslmode, ca_certificate, client_certificate } = values;
  return { name, host, port, database, username, sslmode, ca_certificate, client_certificate };
}

/** The fields as they were left; password and key are not among them. */
export function databaseFrom(kept: Readonly<Record<string, string>>): DatabaseValues {
  return { ...NEW_DATABASE, ...kept, password: "", client_key: "", sslmode: (kept["sslmode"] as DatabaseValues["sslmode"] | undefined) ?? "prefer" };
}

/** Whether these very fields are the ones that were tested last. */
export function isTested(setup: Setup, values: DatabaseValues): boolean {
  const tested = setup.database;
  return (
    setup.server !== null &&
    tested !== null &&
    values.password === "" &&
    tested.host === values.host.trim() &&
    tested.port === (Number(values.port) || 5432) &&
    tested.database === values.database.trim() &&
    tested.username === values.username.trim() &&
    tested.sslmode === values.sslmode &&
    values.client_key === "" &&
    (tested.client_certificate ?? "") === clientCertificate(values)
  );
}

function clientCertificate(values: DatabaseValues): string {
  return databaseBodyOf(values).client_certificate ?? "";
}

interface DatabaseStepProps {
  org: string;
  setup: Setup;
  values: DatabaseValues;
  onChange: (values: DatabaseValues) => void;
}

export function DatabaseStep({ org, setup, values, onChange }: DatabaseStepProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const test = useTestDatabase(org, setup.id);
  const stored = Boolean(setup.database?.password_set);
  const form = useForm(values, async (typed) => {
    const { host, port, database, username, password, sslmode, ca_certificate, client_certificate, client_key } = databaseBodyOf(typed);
    await test.mutateAsync({
      ...{ host, port, database, username, sslmode, ca_certificate: ca_certificate ?? null },
      ...{ client_certificate: client_certificate ?? null, ...(client_key ? { client_key } : {}) },
      ...(password === "" && stored ? {} : { password }),
    });
    form.replace({ ...typed, password: "", client_key: "" });
    onChange({ ...typed, password: "", client_key: "" });
  });
  const testing = isTesting(setup);
  const error = setup.test.state === "failed" ? setup.test.error : null;
  return (
    <form onSubmit={(event) => void form.submit(event)} noValidate className="flex flex-col gap-4">
      <p className="text-sm text-muted">{t("setups.databaseLead")}</p>
      <DatabaseFields
        passwordStored={stored}
        form={{
          ...form,
          set: (name, value) => {
            form.set(name, value);
            onChange({ ...form.values, [name]: value });
          },
          replace: (next) => {
            form.replace(next);
            onChange(next);
          },
        }}
      />
      {form.error != null && <TroubleNotice trouble={trouble(form.error)} />}
      {error && !testing && <TroubleNotice trouble={error} />}
      <div className="flex flex-wrap items-center gap-3">
        <Button
          type="submit"
          variant={setup.server ? "plain" : "primary"}
          busy={form.busy || testing}
          disabled={[form.values.host, form.values.database, form.values.username].some((text) => text.trim() === "")}
        >
          {t("setups.test")}
        </Button>
        {testing && (
          <span role="status" className="inline-flex items-center gap-1.5 text-sm text-muted">
            <Spinner className="text-running" /> {t("setups.testing")}
          </span>
        )}
      </div>
      {setup.server && !testing && !error && <ServerReport server={setup.server} />}
    </form>
  );
}
