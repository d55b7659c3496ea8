import type { Installation } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Chip } from "@/ui/chip";
import { Table } from "@/ui/table";
import { Ago } from "@/ui/time";

/** Databases on which nothing starts before they were read again. */
export function Doubts({ installation }: { installation: Installation }) {
  const { t } = useLanguage();
  return (
    <Table
      label={t("installation.doubtful")}
      head={[t("installation.database"), t("installation.organization"), t("installation.reading"), t("installation.error"), t("installation.since")]}
      rows={installation.doubts.map((doubt) => ({
        key: doubt.database_id,
        cells: [
          <code className="text-xs">{doubt.database_id}</code>,
          <code className="text-xs">{doubt.organization_id}</code>,
          <Chip tone={doubt.read_state === "failed" ? "failed" : "running"}>{t(`installation.read.${doubt.read_state as "idle"}`)}</Chip>,
          <code className="text-xs">{doubt.error_code ?? ""}</code>,
          doubt.since ? <Ago at={doubt.since} short /> : "",
        ],
      }))}
    />
  );
}

/** Messages that webhooks did not take; without where they go and what they say. */
export function FailedDeliveries({ installation }: { installation: Installation }) {
  const { t, number } = useLanguage();
  return (
    <Table
      label={t("installation.failedDeliveries")}
      head={[t("installation.delivery"), t("installation.organization"), t("installation.event"), t("installation.error"), t("installation.tries"), t("installation.written"), t("installation.next")]}
      numbers={[4]}
      rows={installation.deliveries.failed.map((one) => ({
        key: one.delivery_id,
        cells: [
          <code className="text-xs">{one.delivery_id}</code>,
          <code className="text-xs">{one.organization_id}</code>,
          <code className="text-xs">{one.event}</code>,
          <code className="text-xs">{one.error ?? one.status}</code>,
          number(one.tries),
          <Ago at={one.created_at} short />,
          one.next_try_at ? <Ago at={one.next_try_at} /> : <Chip tone="failed">{t("installation.givenUp")}</Chip>,
        ],
      }))}
    />
  );
}

/** Letters that were not taken; without their words and whom they are to. */
export function FailedLetters({ installation }: { installation: Installation }) {
  const { t, number } = useLanguage();
  return (
    <Table
      label={t("installation.failedLetters")}
      head={[t("installation.letter"), t("installation.error"), t("installation.tries"), t("installation.written"), t("installation.next")]}
      numbers={[2]}
      rows={installation.letters.failed.map((letter) => ({
        key: letter.mail_id,
        cells: [
          <code className="text-xs">{letter.mail_id}</code>,
          <code className="text-xs">{letter.error}</code>,
          number(letter.tries),
          <Ago at={letter.created_at} short />,
          letter.next_try_at ? <Ago at={letter.next_try_at} /> : <Chip tone="failed">{t("installation.givenUp")}</Chip>,
        ],
      }))}
    />
  );
}
