/** The console's other mode: one statement that changes data, confirmed by the database's name; and what became of each. */
import { useEffect, useRef, useState } from "react";
import type { Write } from "@/api/types";
import { asProblem } from "@/api/problem";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Chip, type Tone } from "@/ui/chip";
import { Dialog } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import { Name } from "@/ui/name";
import { Notice, TroubleNotice } from "@/ui/notice";
import { SqlCode } from "@/ui/sql-code";
import { Failed, SkeletonRows } from "@/ui/states";
import { Ago } from "@/ui/time";
import type { Place } from "./queries";
import { useWrite, useWrites } from "./writes-data";

interface ConfirmProps {
  place: Place;
  /** The database's name, which has to be typed. */
  name: string;
  sql: string;
  onClose: () => void;
}

/** Shows the statement once more, and has the name of the database typed. */
export function ConfirmWrite({ place, name, sql, onClose }: ConfirmProps) {
  const { t, duration } = useLanguage();
  const trouble = useTrouble();
  const [typed, setTyped] = useState("");
  const write = useWrite(place);
  const control = useRef<AbortController | null>(null);
  // Whoever leaves the page does not leave a statement behind on the server.
  useEffect(() => () => control.current?.abort(), []);
  const send = (rehearsal: boolean) => {
    if (typed !== name || write.isPending) return;
    control.current = new AbortController();
    write.mutate({ body: { sql, database_name: typed, rehearsal, timeout_ms: 30_000 }, signal: control.current.signal });
  };
  const done = write.data;
  // Refused in words: nothing was kept. Where the answer did not arrive, the list below the editor knows more.
  const status = write.isError ? asProblem(write.error).status : null;
  const lost = status !== null && (status === 0 || status >= 500);
  return (
    <Dialog
      open
      onClose={write.isPending ? undefined : onClose}
      wide
      title={t("databases.write.confirm")}
      footer={
        write.isPending ? (
          <Button variant="danger" onClick={() => control.current?.abort()}>
            {t("databases.write.stop")}
          </Button>
        ) : done && done.state !== "rolled_back" ? (
          <Button onClick={onClose}>{t("common.close")}</Button>
        ) : (
          <>
            <Button onClick={onClose}>{t("common.cancel")}</Button>
            <Button disabled={typed !== name} onClick={() => send(true)}>
              {t("databases.write.rehearse")}
            </Button>
            <Button variant="danger-primary" disabled={typed !== name} onClick={() => send(false)}>
              {t("databases.write.commit")}
            </Button>
          </>
        )
      }
    >
      <div className="flex flex-col gap-3">
        <div className="max-h-60 overflow-auto">
          <SqlCode source={sql} label={t("databases.sqlLabel")} />
        </div>
        <p className="text-sm text-muted">{t("databases.write.hint")}</p>
        <Field label={t("databases.write.type", { name })}>
          <Input data-autofocus mono value={typed} onChange={(event) => setTyped(event.target.value)} />
        </Field>
        <div role="status">
          {done && (
            <Notice kind={done.state === "committed" ? "success" : done.state === "unknown" ? "warning" : "info"} title={`${t(`databases.write.states.${done.state}`)} · ${done.command} · ${duration(done.ms)}`}>
              {t(`databases.write.meaning.${done.state}`)}
            </Notice>
          )}
        </div>
        {lost ? (
          <Notice kind="warning" title={t("databases.write.lost")}>
            {t("databases.write.lostHint")}
          </Notice>
        ) : (
          write.isError && <TroubleNotice trouble={trouble(write.error)} />
        )}
      </div>
    </Dialog>
  );
}

const TONES: Record<Write["state"], Tone> = { asked: "running", running: "running", committed: "applied", rolled_back: "neutral", unknown: "failed" };

export function WriteList({ place }: { place: Place }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const writes = useWrites(place);
  if (writes.isError) return <Failed trouble={trouble(writes.error)} onRetry={() => void writes.refetch()} />;
  if (!writes.data) return <SkeletonRows rows={3} />;
  return (
    <section aria-label={t("databases.write.list")} className="h-full overflow-y-auto">
      <h2 className="px-4 py-2 text-sm font-semibold">{t("databases.write.list")}</h2>
      {writes.data.length === 0 && <p className="px-4 text-sm text-muted">{t("databases.write.none")}</p>}
      <ol className="divide-y divide-line">
        {writes.data.map((one) => (
          <li key={one.id} className="px-4 py-2">
            <p className="flex flex-wrap items-center gap-2 text-sm">
              <Chip tone={TONES[one.state]}>{t(`databases.write.states.${one.state}`)}</Chip>
              {one.rehearsal && <Chip>{t("databases.write.rehearsal")}</Chip>}
              {one.rows !== null && <span className="tabular-nums">{t("databases.write.rows", { count: one.rows })}</span>}
              <Name text={one.actor.name} className="text-muted" />
              <Ago at={one.created_at} short className="text-xs text-muted" />
            </p>
            <code className="mt-0.5 line-clamp-2 text-xs break-all whitespace-pre-wrap text-muted">{one.sql}</code>
          </li>
        ))}
      </ol>
    </section>
  );
}
