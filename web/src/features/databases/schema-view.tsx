/** The schema of a database: the tree of objects on the left, the chosen one on the right. */
import { Database as DatabaseIcon, MousePointerClick, RefreshCw } from "lucide-react";
import type { CatalogueObject } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { IconButton } from "@/ui/button";
import { TroubleNotice } from "@/ui/notice";
import { Spinner } from "@/ui/spinner";
import { Empty, Failed, SkeletonRows } from "@/ui/states";
import { Ago } from "@/ui/time";
import { useMedia } from "@/ui/use-media";
import { useSearch } from "@/ui/use-search";
import { ObjectPane, type PaneTab } from "./object-pane";
import { ObjectTree } from "./object-tree";
import { KINDS, type ObjectName, type Place, useFreshCatalogue } from "./queries";

interface SchemaViewProps {
  place: Place;
  more?: (object: CatalogueObject) => PaneTab[];
}

function chosen(search: URLSearchParams): ObjectName | null {
  const kind = KINDS.find((one) => one === search.get("kind"));
  const name = search.get("name");
  return kind && name !== null ? { kind, schema: search.get("schema") ?? "", name } : null;
}

export function SchemaView({ place, more }: SchemaViewProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const [search, change] = useSearch();
  const { catalogue, again } = useFreshCatalogue(place);
  const narrow = useMedia("(max-width: 767px)");
  const object = chosen(search);
  const open = (next: ObjectName) => change({ ...next, tab: object?.kind === next.kind ? search.get("tab") : null }, { push: true });

  if (catalogue.isError) return <Failed trouble={trouble(catalogue.error)} onRetry={() => void catalogue.refetch()} />;
  if (!catalogue.data) return <SkeletonRows />;
  if (catalogue.data.read_at === null)
    return again.isError ? (
      <Failed trouble={trouble(again.error)} onRetry={() => again.mutate()} />
    ) : (
      <Empty icon={<Spinner className="size-5 text-running" />} title={t("databases.firstReading")}>
        <span role="status">{t("databases.firstReadingDetail")}</span>
      </Empty>
    );
  const tree = (
    <div className="flex h-full min-h-0 flex-col">
      <div className="min-h-0 flex-1">
        <ObjectTree
          items={catalogue.data.items}
          selected={object}
          filter={search.get("q") ?? ""}
          onFilter={(q) => change({ q })}
          onSelect={open}
        />
      </div>
      <div className="flex h-8 shrink-0 items-center gap-2 border-t border-line pr-1 pl-3 text-xs text-muted">
        <span className="min-w-0 flex-1 truncate">
          PostgreSQL {catalogue.data.server_version} · <Ago at={catalogue.data.read_at} />
        </span>
        <IconButton size="small" label={t("databases.readAgain")} busy={again.isPending} onClick={() => again.mutate()}>
          {!again.isPending && <RefreshCw className="size-3.5" />}
        </IconButton>
      </div>
    </div>
  );
  const pane = object ? (
    <ObjectPane
      key={`${object.kind} ${object.schema} ${object.name}`}
      place={place}
      object={object}
      tab={search.get("tab") ?? ""}
      onTab={(tab) => change({ tab })}
      onObject={open}
      {...(more ? { more } : {})}
    />
  ) : (
    <Empty icon={catalogue.data.items.length > 0 ? <MousePointerClick className="size-5" /> : <DatabaseIcon className="size-5" />} title={t("databases.choose")}>
      {t("databases.chooseObject")}
    </Empty>
  );
  return (
    <div className="flex h-full min-h-0 flex-col">
      {again.isError && <TroubleNotice className="m-3" trouble={trouble(again.error)} onRetry={() => again.mutate()} />}
      {narrow ? (
        <div className="flex min-h-0 flex-1 flex-col">
          {object && (
            <button type="button" className="border-b border-line px-4 py-2 text-left text-sm text-accent-text" onClick={() => change({ kind: null, schema: null, name: null }, { push: true })}>
              ← {t("databases.allObjects")}
            </button>
          )}
          <div className="min-h-0 flex-1">{object ? pane : tree}</div>
        </div>
      ) : (
        <div className="flex min-h-0 flex-1">
          <div className="w-80 shrink-0 border-r border-line">{tree}</div>
          <div className="min-w-0 flex-1">{pane}</div>
        </div>
      )}
    </div>
  );
}
