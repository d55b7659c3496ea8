/** Queries that are kept: found, opened in the console, changed, deleted; and the form that keeps one. */
import { Pencil, Trash2 } from "lucide-react";
import { useDeferredValue, useState } from "react";
import type { SavedQuery } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button, IconButton } from "@/ui/button";
import { Chip } from "@/ui/chip";
import { Dialog } from "@/ui/dialog";
import { Checkbox, Field, Input, TextArea } from "@/ui/field";
import { LoadMore } from "@/ui/load-more";
import { Name } from "@/ui/name";
import { TroubleNotice } from "@/ui/notice";
import { Empty, SkeletonRows } from "@/ui/states";
import { useForm } from "@/ui/use-form";
import type { Place } from "./queries";
import { useChangeQuery, useDeleteQuery, useSavedQueries, useSaveQuery } from "./saved-queries-data";

interface FormProps {
  place: Place;
  /** The name of the database that the console looks at. */
  database: string;
  sql: string;
  /** The one that is changed; without, another is kept. */
  query?: SavedQuery;
  onClose: () => void;
}

export function SaveQuery({ place, database, sql, query, onClose }: FormProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const save = useSaveQuery(place);
  const change = useChangeQuery(place);
  const initial = { name: query?.name ?? "", description: query?.description ?? "", shared: query?.shared ?? false, only: Boolean(query?.database_name), sql };
  const { values, set, errorOf, ...form } = useForm(initial, async (given) => {
    const body = { name: given.name, description: given.description, shared: given.shared, database_name: given.only ? (query?.database_name ?? database) : null, sql: given.sql };
    await (query ? change.mutateAsync({ query: query.id, body }) : save.mutateAsync(body));
    onClose();
  });
  return (
    <Dialog open onClose={onClose} title={t(query ? "databases.saved.change" : "databases.saved.save")}>
      <form noValidate onSubmit={(event) => void form.submit(event)} className="flex flex-col gap-3">
        <Field label={t("databases.saved.name")} error={errorOf("name")}>
          <Input data-autofocus value={values.name} maxLength={200} onChange={(event) => set("name", event.target.value)} />
        </Field>
        <Field label={t("databases.saved.description")} error={errorOf("description")}>
          <Input value={values.description} maxLength={1000} onChange={(event) => set("description", event.target.value)} />
        </Field>
        <Field label={t("databases.sqlLabel")} error={errorOf("sql")}>
          <TextArea mono rows={6} value={values.sql} onChange={(event) => set("sql", event.target.value)} />
        </Field>
        <Checkbox label={t("databases.saved.share")} hint={t("databases.saved.shareHint")} checked={values.shared} onChange={(event) => set("shared", event.target.checked)} />
        <Checkbox label={t("databases.saved.only", { name: query?.database_name ?? database })} checked={values.only} onChange={(event) => set("only", event.target.checked)} />
        {form.error != null && <TroubleNotice trouble={trouble(form.error)} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" variant="primary" busy={form.busy}>
            {t("common.save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface ListProps {
  place: Place;
  database: string;
  onOpen: (query: SavedQuery) => void;
  onClose: () => void;
}

export function SavedQueries({ place, database, onOpen, onClose }: ListProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const [search, setSearch] = useState("");
  const asked = useDeferredValue(search.trim());
  const found = useSavedQueries(place, database, asked);
  const remove = useDeleteQuery(place);
  const [changing, setChanging] = useState<SavedQuery | null>(null);
  const queries = found.data?.pages.flatMap((page) => page.items) ?? [];
  if (changing) return <SaveQuery place={place} database={database} sql={changing.sql} query={changing} onClose={() => setChanging(null)} />;
  return (
    <Dialog open onClose={onClose} wide title={t("databases.saved.title")}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (queries[0]) onOpen(queries[0]);
        }}
      >
        <Input data-autofocus type="search" aria-label={t("databases.saved.search")} placeholder={t("databases.saved.search")} value={search} maxLength={200} onChange={(event) => setSearch(event.target.value)} />
      </form>
      {found.isError && <TroubleNotice className="mt-3" trouble={trouble(found.error)} onRetry={() => void found.refetch()} />}
      {remove.isError && <TroubleNotice className="mt-3" trouble={trouble(remove.error)} />}
      {found.isPending && <SkeletonRows rows={3} />}
      {found.data && queries.length === 0 && <Empty title={t(asked ? "databases.saved.nothing" : "databases.saved.none")}>{t("databases.saved.noneHint")}</Empty>}
      <ul className="mt-2 divide-y divide-line">
        {queries.map((query) => (
          <li key={query.id} className="flex items-start gap-2 py-2">
            <button type="button" onClick={() => onOpen(query)} className="min-w-0 flex-1 rounded px-1 text-left hover:bg-hover">
              <span className="flex flex-wrap items-center gap-2 font-medium">
                <Name text={query.name} />
                {query.shared && <Chip>{t("databases.saved.shared")}</Chip>}
                {query.database_name && <Chip>{query.database_name}</Chip>}
              </span>
              {query.description && <span className="block text-sm break-words">{query.description}</span>}
              <code className="block truncate text-xs text-muted">{query.sql}</code>
              {!query.mine && <span className="block text-xs text-muted">{query.actor.name}</span>}
            </button>
            {query.may_change && (
              <>
                <IconButton size="small" label={t("databases.saved.changeOne", { name: query.name })} onClick={() => setChanging(query)}>
                  <Pencil className="size-3.5" />
                </IconButton>
                <IconButton size="small" label={t("databases.saved.deleteOne", { name: query.name })} onClick={() => remove.mutate(query.id)}>
                  <Trash2 className="size-3.5" />
                </IconButton>
              </>
            )}
          </li>
        ))}
      </ul>
      <LoadMore pages={found}>{t("databases.saved.more")}</LoadMore>
    </Dialog>
  );
}
