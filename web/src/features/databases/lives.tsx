/** Which revision made and last changed an object and its parts. */
import { History } from "lucide-react";
import { createContext, type ReactNode, useContext } from "react";
import { Link } from "react-router";
import type { ObjectLife, TouchedBy } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { cx } from "@/ui/cx";
import { Name } from "@/ui/name";
import { Empty, Failed, SkeletonRows } from "@/ui/states";
import { Table } from "@/ui/table";
import { Ago } from "@/ui/time";
import { type ObjectName, type Place, useObjectLife } from "./queries";

/** Where other parts of the product are; given by the page. */
export interface Ways {
  revision: (revision: string) => string;
  job: (job: string) => string;
  /** A table of this database. */
  table: (schema: string, name: string) => string;
}

/** A line of its own in height, so that a finger hits one link and not its neighbour. */
const IN_TEXT = "inline-flex min-h-6 items-center underline";

export const WaysContext = createContext<Ways>({ revision: () => "", job: () => "", table: () => "" });
export const WaysProvider = WaysContext.Provider;

/** `inText`: among words, where a link has to be seen as one and to be hit. */
export function RevisionLink({ touch, message = false, inText = false }: { touch: TouchedBy; message?: boolean; inText?: boolean }) {
  const { t } = useLanguage();
  const ways = useContext(WaysContext);
  const hint = [touch.message, touch.upgrade ? "" : t("databases.life.reverted"), touch.job === null ? t("databases.life.fromSource") : ""].filter(Boolean).join(" · ");
  return (
    <Link to={ways.revision(touch.revision)} title={hint || undefined} className={cx("text-accent-text", inText ? IN_TEXT : "hover:underline")}>
      <code className="text-xs">{touch.revision.slice(0, 12)}</code>
      {message && touch.message && <span className={inText ? "ml-1" : undefined}> {touch.message}</span>}
    </Link>
  );
}

function When({ touch }: { touch: TouchedBy }) {
  const { t } = useLanguage();
  const ways = useContext(WaysContext);
  if (touch.job === null) return <span title={t("databases.life.fromSourceHint")}>{t("databases.life.fromSource")}</span>;
  return (
    <>
      <Link to={ways.job(touch.job)} className={cx("text-accent-text", IN_TEXT)}>
        {t("databases.life.job", { number: touch.job_number ?? "?" })}
      </Link>
      {touch.at && (
        <>
          , <Ago at={touch.at} />
        </>
      )}
    </>
  );
}

/** One line for the head of an object. */
export function LastChanged({ place, object }: { place: Place; object: ObjectName }) {
  const { t } = useLanguage();
  const life = useObjectLife(place, object);
  if (!life.data) return null;
  const { made, changed } = life.data;
  if (!changed) return <p className="mt-1 text-xs text-muted">{t("databases.life.unknown")}</p>;
  const same = made !== null && made.revision === changed.revision;
  return (
    <p className="mt-1 flex flex-wrap items-center gap-x-1.5 text-xs text-muted">
      <span>{t(same ? "databases.life.madeBy" : "databases.life.changedBy")}</span>
      <RevisionLink touch={changed} message inText />
      <span>
        (<When touch={changed} />)
      </span>
      {made && !same && (
        <>
          <span>· {t("databases.life.madeBy")}</span>
          <RevisionLink touch={made} inText />
        </>
      )}
    </p>
  );
}

/** Who last changed each part, by kind and name; for a column of a table of parts. */
export function usePartLives(place: Place, object: ObjectName): (kind: string, name: string) => ReactNode {
  const { t } = useLanguage();
  const life = useObjectLife(place, object);
  const found = new Map(life.data?.parts.map((part) => [`${part.kind} ${part.name}`, part]));
  return (kind, name) => {
    const part = found.get(`${kind} ${name}`);
    const touch = part?.changed;
    if (!touch) return life.data ? <span className="text-muted" title={t("databases.life.unknown")}>—</span> : null;
    return <RevisionLink touch={touch} />;
  };
}

export function LifeTab({ place, object }: { place: Place; object: ObjectName }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const life = useObjectLife(place, object);
  if (life.isError) return <Failed trouble={trouble(life.error)} onRetry={() => void life.refetch()} />;
  if (!life.data) return <SkeletonRows />;
  if (life.data.touched.length === 0)
    return (
      <Empty icon={<History className="size-5" />} title={t("databases.life.none")}>
        {t("databases.life.noneHint")}
      </Empty>
    );
  return <Touches life={life.data} />;
}

function Touches({ life }: { life: ObjectLife }) {
  const { t } = useLanguage();
  return (
    <>
      <Table
        label={t("databases.tabs.history")}
        head={[t("databases.life.revision"), t("databases.life.what"), t("databases.life.when")]}
        rows={life.touched.map((touch, at) => ({
          key: String(at),
          cells: [
            <RevisionLink touch={touch} message />,
            <span>
              {!touch.upgrade && <span className="text-muted">{t("databases.life.reverted")}: </span>}
              {t(`changes.action.${touch.action}`)} <span className="text-muted">{touch.kind.replaceAll("_", " ")}</span> <Name text={touch.name} className="font-mono" />
              {touch.to && (
                <>
                  {" → "}
                  <Name text={touch.to} className="font-mono" />
                </>
              )}
            </span>,
            <span className="whitespace-nowrap text-muted">
              <When touch={touch} />
            </span>,
          ],
        }))}
      />
      {life.more > 0 && <p className="px-4 py-2 text-sm text-muted">{t("databases.life.more", { count: life.more })}</p>}
    </>
  );
}
