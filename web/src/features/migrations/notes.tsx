import type { History } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Notice } from "@/ui/notice";

/** What people should know before they trust the graph. */
export function GraphNotes({ history }: { history: History }) {
  const { t } = useLanguage();
  const several = history.heads.length > 1;
  if (!several && history.notes.length === 0 && history.source === "static") return null;
  return (
    <div className="flex flex-col gap-2 border-b border-line px-4 py-2">
      {several && (
        <Notice kind="warning" title={t("migrations.severalHeads", { count: history.heads.length })}>
          <span className="break-words">
            {t("migrations.severalHeadsDetail", { heads: history.heads.map((head) => head.slice(0, 12)).join(", ") })}
          </span>
        </Notice>
      )}
      {history.source === "alembic" && <Notice>{t("migrations.sourceAlembic")}</Notice>}
      {history.notes.map((note) => (
        <Notice key={`${note.code}-${note.detail}`} kind="warning">
          {note.detail || note.code}
        </Notice>
      ))}
    </div>
  );
}
