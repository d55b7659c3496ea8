/** One object: its facts, its parts in tabs, and the SQL that makes it. */
import { KeyRound, Link2 } from "lucide-react";
import type { ReactNode } from "react";
import type { CatalogueColumn, CatalogueObject } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Chip } from "@/ui/chip";
import { legible } from "@/ui/legible";
import { Name } from "@/ui/name";
import { SqlCode } from "@/ui/sql-code";
import { Failed, SkeletonRows } from "@/ui/states";
import { Table } from "@/ui/table";
import { Tabs } from "@/ui/tabs";
import { Facts } from "./facts";
import { LastChanged, LifeTab, usePartLives } from "./lives";
import { type ObjectName, type Place, useObject } from "./queries";

export interface PaneTab {
  value: string;
  label: ReactNode;
  content: ReactNode;
}

interface ObjectPaneProps {
  place: Place;
  object: ObjectName;
  tab: string;
  onTab: (tab: string) => void;
  onObject: (object: ObjectName) => void;
  /** Further tabs, of other parts of the page. */
  more?: (object: CatalogueObject) => PaneTab[];
}

export function ObjectPane({ place, object, tab, onTab, onObject, more }: ObjectPaneProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const found = useObject(place, object);
  if (found.isError) return <Failed trouble={trouble(found.error)} onRetry={() => void found.refetch()} />;
  if (!found.data) return <SkeletonRows />;
  const tabs = [...tabsOf(found.data, place, onObject), ...(more?.(found.data) ?? [])].map(({ value, label, content }) => ({
    value,
    label: label ?? t("databases.tabs.sql"),
    content,
  }));
  const shown = tabs.find((one) => one.value === tab)?.value ?? tabs[0]?.value ?? "sql";
  return (
    <article aria-label={object.name} className="flex h-full min-h-0 flex-col">
      <ObjectHead object={found.data} place={place} />
      <Tabs label={t("databases.parts")} value={shown} onChange={onTab} tabs={tabs} className="min-h-0 flex-1" contentClassName="overflow-auto" />
    </article>
  );
}

function ObjectHead({ object, place }: { object: CatalogueObject; place: Place }) {
  const { t, number, bytes } = useLanguage();
  const { figures } = object;
  return (
    <header className="px-4 pt-3 pb-2">
      <div className="flex flex-wrap items-baseline gap-x-2.5 gap-y-1">
        <h2 className="min-w-0 font-mono text-[15px] font-semibold break-all">
          {object.schema_name && (
            <span className="font-normal text-muted">
              <Name text={object.schema_name} />.
            </span>
          )}
          <Name text={object.name} />
        </h2>
        <Chip>{t(`databases.kind.${object.kind}`)}</Chip>
        {object.partition_bound && <Chip>{t("databases.about.partition")}</Chip>}
        {object.row_security && <Chip tone="accent">{t("databases.rowSecurity")}</Chip>}
      </div>
      {object.comment && <p className="mt-0.5 text-sm whitespace-pre-line text-muted"><bdi>{object.comment}</bdi></p>}
      <p className="mt-1 flex flex-wrap gap-x-4 text-xs text-muted">
        {object.owner && <span>{t("databases.owner", { name: legible(object.owner) })}</span>}
        {figures && <span>{figures.rows === null ? t("databases.neverCounted") : t("databases.rows", { count: figures.rows })}</span>}
        {figures && <span>{t("databases.size", { data: bytes(figures.data_bytes), indexes: bytes(figures.index_bytes) })}</span>}
        {object.columns.length > 0 && <span>{t("databases.columns", { count: object.columns.length })}</span>}
        {object.partition_key && <span className="font-mono">{object.partition_key}</span>}
        {object.partition_bound && <span className="font-mono">{object.partition_bound}</span>}
        {figures?.rows === 0 && figures.data_bytes === 0 && <span className="sr-only">{number(0)}</span>}
      </p>
      <LastChanged place={place} object={nameOf(object)} />
    </header>
  );
}

function nameOf(object: CatalogueObject): ObjectName {
  return { kind: object.kind, schema: object.schema_name, name: object.name };
}

function tabsOf(object: CatalogueObject, place: Place, onObject: (object: ObjectName) => void): PaneTab[] {
  const tabs: (PaneTab | false)[] = [
    object.columns.length > 0 && { value: "columns", label: <Label name="columns" count={object.columns.length} />, content: <Columns object={object} place={place} onObject={onObject} /> },
    Object.keys(object.facts).length > 0 && object.columns.length === 0 && { value: "facts", label: <Label name="facts" />, content: <Facts facts={object.facts} /> },
    object.constraints.length > 0 && { value: "constraints", label: <Label name="constraints" count={object.constraints.length} />, content: <Constraints object={object} place={place} onObject={onObject} /> },
    object.indexes.length > 0 && { value: "indexes", label: <Label name="indexes" count={object.indexes.length} />, content: <Indexes object={object} place={place} /> },
    object.triggers.length + object.rules.length > 0 && {
      value: "triggers",
      label: <Label name="triggers" count={object.triggers.length + object.rules.length} />,
      content: <Triggers object={object} place={place} />,
    },
    object.policies.length > 0 && { value: "policies", label: <Label name="policies" count={object.policies.length} />, content: <Policies object={object} place={place} /> },
    object.grants.length > 0 && { value: "grants", label: <Label name="grants" count={object.grants.length} />, content: <Grants object={object} /> },
    { value: "history", label: <Label name="history" />, content: <LifeTab place={place} object={nameOf(object)} /> },
    { value: "sql", label: <Label name="sql" />, content: <Sql object={object} /> },
  ];
  return tabs.filter((tab) => tab !== false);
}

function Label({ name, count }: { name: "columns" | "facts" | "constraints" | "indexes" | "triggers" | "policies" | "grants" | "history" | "sql"; count?: number }) {
  const { t, number } = useLanguage();
  return (
    <>
      {t(`databases.tabs.${name}`)} {count !== undefined && <span className="text-muted tabular-nums">{number(count)}</span>}
    </>
  );
}

function Sql({ object }: { object: CatalogueObject }) {
  const { t } = useLanguage();
  return object.ddl ? <SqlCode source={object.ddl} label={t("databases.tabs.sql")} /> : <p className="p-4 text-muted">{t("databases.noSql")}</p>;
}

function Columns({ object, place, onObject }: { object: CatalogueObject; place: Place; onObject: (object: ObjectName) => void }) {
  const { t } = useLanguage();
  const lifeOf = usePartLives(place, nameOf(object));
  const keys = new Set(object.constraints.filter((one) => one.type === "p").flatMap((one) => one.columns));
  const links = new Map(
    object.constraints.flatMap((one) => {
      const column = one.columns[0];
      return one.type === "f" && one.columns.length === 1 && column && one.references ? [[column, one.references] as const] : [];
    }),
  );
  return (
    <Table
      label={t("databases.tabs.columns")}
      head={[t("databases.column"), t("databases.type"), t("databases.default"), t("databases.comment"), t("databases.life.revision")]}
      rows={object.columns.map((column) => {
        const reference = links.get(column.name);
        return {
          key: column.name,
          cells: [
            <span className="flex items-center gap-1.5">
              <Name text={column.name} className="font-mono" />
              {keys.has(column.name) && <KeyRound role="img" aria-label={t("databases.primaryKey")} className="size-3 shrink-0 text-pending" />}
              {reference && (
                <button type="button" className="inline-flex items-center gap-1 text-xs text-accent-text hover:underline" onClick={() => onObject({ kind: "table", schema: reference.schema_name, name: reference.name })}>
                  <Link2 aria-hidden className="size-3" /> <Name text={reference.name} />
                </button>
              )}
            </span>,
            <ColumnType column={column} />,
            <DefaultOf column={column} />,
            <bdi className="whitespace-pre-line text-muted">{column.comment}</bdi>,
            lifeOf("column", column.name),
          ],
        };
      })}
    />
  );
}

function ColumnType({ column }: { column: CatalogueColumn }) {
  const { t } = useLanguage();
  return (
    <span className="font-mono text-[12.5px]">
      {column.type}
      {column.not_null && <span className="text-muted"> not null</span>}
      {column.collation && <span className="text-muted"> {t("databases.collation", { name: column.collation })}</span>}
    </span>
  );
}

function DefaultOf({ column }: { column: CatalogueColumn }) {
  const { t } = useLanguage();
  if (column.identity) return <span className="text-muted">{t(column.identity === "a" ? "databases.identityAlways" : "databases.identityDefault")}</span>;
  if (column.generated)
    return (
      <span className="text-muted">
        {t(column.generated === "v" ? "databases.generatedVirtual" : "databases.generatedStored")} <code className="text-text">{column.default}</code>
      </span>
    );
  return column.default === null ? null : <code className="break-all">{column.default}</code>;
}

function Constraints({ object, place, onObject }: { object: CatalogueObject; place: Place; onObject: (object: ObjectName) => void }) {
  const { t } = useLanguage();
  const lifeOf = usePartLives(place, nameOf(object));
  return (
    <Table
      label={t("databases.tabs.constraints")}
      head={[t("databases.name"), t("databases.definition"), t("databases.comment"), t("databases.life.revision")]}
      rows={object.constraints.map((one) => ({
        key: one.name,
        cells: [
          <span className="flex items-center gap-1.5">
            <Name text={one.name} className="font-mono" />
            {!one.validated && <Chip tone="pending">{t("databases.notValidated")}</Chip>}
          </span>,
          <span className="font-mono text-[12.5px] break-words">
            {one.definition}{" "}
            {one.references && (
              <button type="button" className="text-accent-text hover:underline" onClick={() => one.references && onObject({ kind: "table", schema: one.references.schema_name, name: one.references.name })}>
                → <Name text={one.references.name} />
              </button>
            )}
          </span>,
          <bdi className="whitespace-pre-line text-muted">{one.comment}</bdi>,
          lifeOf("constraint", one.name),
        ],
      }))}
    />
  );
}

function Indexes({ object, place }: { object: CatalogueObject; place: Place }) {
  const { t } = useLanguage();
  const lifeOf = usePartLives(place, nameOf(object));
  return (
    <Table
      label={t("databases.tabs.indexes")}
      head={[t("databases.name"), t("databases.definition"), t("databases.comment"), t("databases.life.revision")]}
      rows={object.indexes.map((one) => ({
        key: one.name,
        cells: [
          <span className="flex flex-wrap items-center gap-1.5">
            <Name text={one.name} className="font-mono" />
            {one.primary ? <Chip>{t("databases.primaryKey")}</Chip> : one.unique && <Chip>{t("databases.unique")}</Chip>}
            {one.partial && <Chip>{t("databases.partial")}</Chip>}
            {!one.valid && (
              <Chip tone="failed" title={t("databases.invalidHint")}>
                {t("databases.invalid")}
              </Chip>
            )}
          </span>,
          <code className="text-[12.5px] break-words">{one.definition}</code>,
          <bdi className="whitespace-pre-line text-muted">{one.comment}</bdi>,
          lifeOf("index", one.name),
        ],
      }))}
    />
  );
}

function Triggers({ object, place }: { object: CatalogueObject; place: Place }) {
  const { t } = useLanguage();
  const lifeOf = usePartLives(place, nameOf(object));
  const rules = new Set(object.rules);
  return (
    <Table
      label={t("databases.tabs.triggers")}
      head={[t("databases.name"), t("databases.definition"), t("databases.life.revision")]}
      rows={[...object.triggers, ...object.rules].map((one) => ({
        key: one.name,
        cells: [
          <span className="flex items-center gap-1.5">
            <Name text={one.name} className="font-mono" />
            {!one.enabled && <Chip tone="pending">{t("databases.disabled")}</Chip>}
          </span>,
          <code className="text-[12.5px] break-words whitespace-pre-wrap">{one.definition}</code>,
          lifeOf(rules.has(one) ? "rule" : "trigger", one.name),
        ],
      }))}
    />
  );
}

function Policies({ object, place }: { object: CatalogueObject; place: Place }) {
  const { t } = useLanguage();
  const lifeOf = usePartLives(place, nameOf(object));
  return (
    <Table
      label={t("databases.tabs.policies")}
      head={[t("databases.name"), t("databases.command"), t("databases.roles"), "USING", "WITH CHECK", t("databases.life.revision")]}
      rows={object.policies.map((one) => ({
        key: one.name,
        cells: [
          <span className="flex items-center gap-1.5">
            <Name text={one.name} className="font-mono" />
            {!one.permissive && <Chip tone="pending">{t("databases.restrictive")}</Chip>}
          </span>,
          one.command,
          one.roles.map((role) => role ?? t("databases.everybody")).join(", "),
          <code className="text-[12.5px]">{one.using}</code>,
          <code className="text-[12.5px]">{one.checks}</code>,
          lifeOf("policy", one.name),
        ],
      }))}
    />
  );
}

function Grants({ object }: { object: CatalogueObject }) {
  const { t } = useLanguage();
  const columns = object.columns.flatMap((column) => column.grants.map((grant) => ({ ...grant, column: column.name })));
  const all = [...object.grants.map((grant) => ({ ...grant, column: "" })), ...columns];
  return (
    <Table
      label={t("databases.tabs.grants")}
      head={[t("databases.role"), t("databases.privileges"), t("databases.column")]}
      rows={all.map((one) => ({
        key: `${one.role} ${one.column}`,
        cells: [
          one.role === null ? <span className="text-muted">{t("databases.everybody")}</span> : <Name text={one.role} className="font-mono" />,
          <span className="text-xs">{one.privileges.map((word) => (one.grantable.includes(word) ? `${word} ${t("databases.grantable")}` : word)).join(", ")}</span>,
          one.column && <Name text={one.column} className="font-mono" />,
        ],
      }))}
    />
  );
}
