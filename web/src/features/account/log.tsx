import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Chip } from "@/ui/chip";
import { LoadMore } from "@/ui/load-more";
import { Empty, Failed, SkeletonRows } from "@/ui/states";
import { Ago } from "@/ui/time";
import { useAccountLog } from "./queries";

const SAID = {
  "account.open": "account.event.open",
  "account.verify": "account.event.verify",
  "account.connect": "account.event.connect",
  "account.sign_in": "account.event.sign_in",
  "account.sign_in refused": "account.event.sign_in.refused",
  "account.sign_out": "account.event.sign_out",
  "account.session_end": "account.event.session_end",
  "account.sessions_end": "account.event.sessions_end",
  "account.session_reused": "account.event.session_reused",
  "account.password_change": "account.event.password_change",
  "account.password_reset": "account.event.password_reset",
  "account.email_ask": "account.event.email_ask",
  "account.email_change": "account.event.email_change",
  "account.second_factor_begin": "account.event.second_factor_begin",
  "account.second_factor_on": "account.event.second_factor_on",
  "account.second_factor_off": "account.event.second_factor_off",
  "account.passkey_begin": "account.event.passkey_begin",
  "account.passkey_add": "account.event.passkey_add",
  "account.passkey_rename": "account.event.passkey_rename",
  "account.passkey_remove": "account.event.passkey_remove",
  "account.terminal_approve": "account.event.terminal_approve",
  "account.terminal_refuse": "account.event.terminal_refuse",
  "account.change": "account.event.change",
} as const;

/** What happened to one's account, so that somebody sees what was not them. */
export function AccountLog() {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const found = useAccountLog();
  if (found.isError) return <Failed trouble={trouble(found.error)} onRetry={() => void found.refetch()} />;
  if (!found.data) return <SkeletonRows rows={6} />;
  const events = found.data.pages.flatMap((page) => page.items);
  if (events.length === 0) return <Empty title={t("account.logEmpty")} />;
  const said = (action: string, outcome: string) => {
    const name = [`${action} ${outcome}`, action].find((one): one is keyof typeof SAID => one in SAID);
    return name ? t(SAID[name]) : action;
  };
  return (
    <div className="flex flex-col gap-4">
      <p className="text-sm text-muted">{t("account.logLead")}</p>
      <ul className="divide-y divide-line border-y border-line">
        {events.map((one) => (
          <li key={one.id} className="flex flex-wrap items-center gap-x-3 gap-y-0.5 py-2">
            <span className="min-w-0 flex-1 basis-60 text-sm">
              {said(one.action, one.outcome)}{" "}
              {one.outcome !== "done" && <Chip tone={one.outcome === "refused" ? "failed" : "pending"}>{t(`audit.outcome.${one.outcome as "refused" | "found"}`)}</Chip>}
            </span>
            <span className="text-xs text-muted">
              <Ago at={one.at} />
            </span>
            <span className="basis-full truncate text-xs text-muted" title={one.user_agent}>
              {one.address}
              {one.user_agent && ` · ${one.user_agent}`}
            </span>
          </li>
        ))}
      </ul>
      <LoadMore pages={found} className="">{t("audit.older")}</LoadMore>
    </div>
  );
}
