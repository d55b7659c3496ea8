/** The first database, and an SSH server on the way to it: typed or pasted, tested by a worker, reported. */
import { useTrouble } from "@/api/use-trouble";
import type { Setup } from "@/api/types";
import { DatabaseFields } from "@/features/environments/database-fields";
import { TunnelFields } from "@/features/environments/tunnel-fields";
import { databaseBodyOf, tunnelBodyOf } from "@/features/environments/values";
import { askHostKeys, isTesting, useMakeKey, useTestDatabase } from "@/features/setups/queries";
import { ServerReport } from "@/features/setups/server-report";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { TroubleNotice } from "@/ui/notice";
import { Spinner } from "@/ui/spinner";
import { useForm } from "@/ui/use-form";
import { type StepValues, withoutSecrets } from "./database-values";

/** Whether these very fields are the ones that were tested last. */
export function isTested(setup: Setup, values: StepValues): boolean {
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
    (tested.client_certificate ?? "") === clientCertificate(values) &&
    isSameWay(setup.tunnel, values)
  );
}

function isSameWay(tested: Setup["tunnel"], { tunnel }: StepValues): boolean {
  if (!tested || !tunnel) return !tested && !tunnel;
  const body = tunnelBodyOf(tunnel);
  return (
    tested.host === body.host && tested.port === body.port && tested.user === body.user && tested.host_key === body.host_key && !body.private_key
  );
}

function clientCertificate(values: StepValues): string {
  return databaseBodyOf(values).client_certificate ?? "";
}

interface DatabaseStepProps {
  org: string;
  setup: Setup;
  values: StepValues;
  onChange: (values: StepValues) => void;
}

export function DatabaseStep({ org, setup, values, onChange }: DatabaseStepProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const test = useTestDatabase(org, setup.id);
  const stored = Boolean(setup.database?.password_set);
  const form = useForm(values, async (typed) => {
    const { host, port, database, username, password, sslmode, ca_certificate, client_certificate, client_key } = databaseBodyOf(typed);
    const sent = await test.mutateAsync({
      ...{ host, port, database, username, sslmode, ca_certificate: ca_certificate ?? null },
      ...{ client_certificate: client_certificate ?? null, ...(client_key ? { client_key } : {}) },
      ...(password === "" && stored ? {} : { password }),
      tunnel: typed.tunnel && tunnelBodyOf(typed.tunnel),
    });
    const kept = withoutSecrets(typed);
    // A host key is kept without what else stood in its line.
    change({ ...kept, tunnel: kept.tunnel && { ...kept.tunnel, hostKey: sent.tunnel?.host_key ?? kept.tunnel.hostKey } });
  });
  const change = (next: StepValues) => {
    form.replace(next);
    onChange(next);
  };
  const makeKey = useMakeKey(org, setup.id);
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
            form.set(name, value as StepValues[typeof name]);
            onChange({ ...form.values, [name]: value });
          },
          replace: (next) => change({ ...form.values, ...next }),
        }}
      />
      <TunnelFields
        tunnel={form.values.tunnel}
        onChange={(tunnel) => {
          form.set("tunnel", tunnel);
          onChange({ ...form.values, tunnel });
        }}
        errorOf={form.errorOf}
        stored={{ fingerprints: setup.tunnel?.fingerprints ?? [], public_key: setup.tunnel_public_key }}
        askHostKeys={(place) => askHostKeys(org, setup.id, place)}
        makeKey={{ busy: makeKey.isPending, error: makeKey.error, make: () => makeKey.mutate() }}
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
