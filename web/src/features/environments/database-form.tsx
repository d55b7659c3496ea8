import { useTrouble } from "@/api/use-trouble";
import type { Database, DatabaseChanges } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { TroubleNotice } from "@/ui/notice";
import { useForm } from "@/ui/use-form";
import { useAddDatabase, useChangeDatabase } from "./queries";
import { DatabaseFields } from "./database-fields";
import { databaseBodyOf, databaseValuesOf, NEW_DATABASE } from "./values";

interface DatabaseFormProps {
  org: string;
  project: string;
  environment: string;
  database: Database | null;
  onDone: () => void;
  onCancel: () => void;
}

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
  return (
    <form onSubmit={(event) => void form.submit(event)} noValidate className="flex flex-col gap-4">
      <DatabaseFields form={form} passwordStored={Boolean(database?.password.set)} certificate={database?.client_certificate ?? null} />
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
