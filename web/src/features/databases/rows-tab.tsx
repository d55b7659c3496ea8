/** The rows of a table: filtered, sorted, page after page, saved as a file. */
import { Download, Plus, X } from "lucide-react";
import { useMemo, useState } from "react";
import { saveFile } from "@/ui/save-file";
import type { CatalogueObject, RowFilter } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button, IconButton } from "@/ui/button";
import { DataGrid } from "@/ui/data-grid";
import { Input, Select } from "@/ui/field";
import { legible } from "@/ui/legible";
import { TroubleNotice } from "@/ui/notice";
import { Failed, SkeletonRows } from "@/ui/states";
import { useExportRows, useRows, type Selection } from "./looking";
import type { Place } from "./queries";

const TESTS: RowFilter["test"][] = ["eq", "ne", "lt", "le", "gt", "ge", "contains", "null", "not_null"];

export function RowsTab({ place, object }: { place: Place; object: CatalogueObject }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const [draft, setDraft] = useState<RowFilter[]>([]);
  const [selection, setSelection] = useState<Selection>({ schema: object.schema_name, table: object.name, filters: [], sort: null, descending: false });
  const found = useRows(place, selection);
  const save = useExportRows(place, selection);
  const pages = found.data?.pages;
  const rows = useMemo(() => pages?.flatMap((page) => page.rows) ?? [], [pages]);
  const cut = useMemo(() => {
    const cells = new Set<string>();
    let before = 0;
    for (const page of pages ?? []) {
      for (const [row = 0, column = 0] of page.cut) cells.add(`${before + row} ${column}`);
      before += page.rows.length;
    }
    return cells;
  }, [pages]);
  const last = pages?.[pages.length - 1];
  const columns = useMemo(() => last?.columns.map((column) => ({ ...column, masked: column.mask ? t(`databases.masked.${column.mask}`) : null })) ?? [], [last?.columns, t]);
  const masked = new Set(last?.columns.filter((column) => column.mask).map((column) => column.name));
  const filterable = object.columns.filter((column) => !masked.has(column.name));
  const change = (at: number, values: Partial<RowFilter>) => setDraft((before) => before.map((one, index) => (index === at ? { ...one, ...values } : one)));
  const apply = (filters: RowFilter[]) => setSelection((before) => ({ ...before, filters }));
  const sortBy = (column: string) =>
    setSelection((before) => (before.sort !== column ? { ...before, sort: column, descending: false } : before.descending ? { ...before, sort: null, descending: false } : { ...before, descending: true }));
  return (
    <div className="flex h-full min-h-0 flex-col">
      <form
        className="flex flex-col gap-1.5 border-b border-line px-4 py-2"
        onSubmit={(event) => {
          event.preventDefault();
          apply(draft);
        }}
      >
        {draft.map((filter, at) => (
          <div key={at} className="flex flex-wrap items-center gap-1.5">
            <div className="w-44">
              <Select aria-label={t("databases.column")} value={filter.column} onChange={(event) => change(at, { column: event.target.value })}>
                {filterable.map((column) => (
                  <option key={column.name} value={column.name /* its text alone would lose line ends and double spaces */}>
                    {legible(column.name)}
                  </option>
                ))}
              </Select>
            </div>
            <div className="w-40">
              <Select aria-label={t("databases.test")} value={filter.test} onChange={(event) => change(at, { test: event.target.value as RowFilter["test"] })}>
                {TESTS.map((test) => (
                  <option key={test} value={test}>
                    {t(`databases.tests.${test}`)}
                  </option>
                ))}
              </Select>
            </div>
            {filter.test !== "null" && filter.test !== "not_null" && (
              <Input aria-label={t("databases.value")} mono className="!w-56" value={filter.value ?? ""} onChange={(event) => change(at, { value: event.target.value })} />
            )}
            <IconButton
              label={t("common.remove")}
              onClick={() => {
                const next = draft.filter((_, index) => index !== at);
                setDraft(next);
                apply(next);
              }}
            >
              <X className="size-3.5" />
            </IconButton>
          </div>
        ))}
        <div className="flex flex-wrap items-center gap-2">
          <Button size="small" disabled={filterable.length === 0} onClick={() => setDraft((before) => [...before, { column: filterable[0]?.name ?? "", test: "eq", value: "" }])}>
            <Plus aria-hidden className="size-3.5" /> {t("databases.addFilter")}
          </Button>
          {draft.length > 0 && (
            <Button size="small" type="submit" variant="primary" busy={found.isFetching}>
              {t("databases.apply")}
            </Button>
          )}
          <span className="min-w-0 flex-1 text-xs text-muted" role="status">
            {last && t(last.more ? "databases.firstRows" : "databases.allRows", { count: rows.length })}
            {last?.more && last.next === null && ` ${t("databases.noKey")}`}
          </span>
          {(["csv", "json"] as const).map((format) => (
            <Button key={format} size="small" busy={save.isPending && save.variables === format} onClick={() => save.mutate(format, { onSuccess: (content) => saveFile(`${object.name}.${format === "csv" ? "csv" : "ndjson"}`, content) })}>
              <Download aria-hidden className="size-3.5" /> {format.toUpperCase()}
            </Button>
          ))}
        </div>
      </form>
      {save.isError && <TroubleNotice className="m-2" trouble={trouble(save.error)} />}
      {found.isError ? (
        <Failed trouble={trouble(found.error)} onRetry={() => void found.refetch()} />
      ) : !last ? (
        <SkeletonRows />
      ) : (
        <>
          <div className="min-h-0 flex-1">
            <DataGrid
              label={t("databases.tabs.rows")}
              columns={columns}
              rows={rows}
              isCut={(row, column) => cut.has(`${row} ${column}`)}
              sort={selection.sort ? { column: selection.sort, descending: selection.descending } : null}
              onSort={sortBy}
            />
          </div>
          {found.hasNextPage && (
            <div className="border-t border-line px-4 py-1.5">
              <Button size="small" busy={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
                {t("databases.moreRows")}
              </Button>
            </div>
          )}
        </>
      )}
    </div>
  );
}
