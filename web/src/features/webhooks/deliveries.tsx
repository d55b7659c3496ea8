import { ChevronRight, Send } from "lucide-react";
import { useState } from "react";
import type { Delivery } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Chip, type Tone } from "@/ui/chip";
import { LoadMore } from "@/ui/load-more";
import { TroubleNotice } from "@/ui/notice";
import { Empty, Failed, SkeletonRows } from "@/ui/states";
import { Ago } from "@/ui/time";
import { useDeliveries, useDelivery, useSendAgain } from "./queries";

const TONES: Record<Delivery["state"], Tone> = { waiting: "pending", delivered: "applied", failed: "failed" };

/** What was sent to one webhook and what came of it. */
export function Deliveries({ org, webhook, active }: { org: string; webhook: string; active: boolean }) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const pages = useDeliveries(org, webhook);
  if (pages.isError) return <Failed trouble={trouble(pages.error)} onRetry={() => void pages.refetch()} />;
  if (pages.isPending) return <SkeletonRows rows={6} />;
  const found = pages.data.pages.flatMap((page) => page.items);
  if (found.length === 0) {
    return (
      <Empty icon={<Send className="size-5" />} title={t("webhooks.nothingSent")}>
        {t("webhooks.nothingSentLead")}
      </Empty>
    );
  }
  return (
    <>
      <ul className="border-t border-line">
        {found.map((delivery) => (
          <Entry key={delivery.id} org={org} webhook={webhook} delivery={delivery} active={active} />
        ))}
      </ul>
      <LoadMore pages={pages} className="justify-center p-3">{t("webhooks.more")}</LoadMore>
    </>
  );
}

function Entry({ org, webhook, delivery, active }: { org: string; webhook: string; delivery: Delivery; active: boolean }) {
  const { t } = useLanguage();
  const [open, setOpen] = useState(false);
  return (
    <li className="border-b border-line">
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="grid w-full grid-cols-[1rem_minmax(0,1fr)_auto] items-center gap-x-3 px-4 py-1.5 text-left hover:bg-hover focus-visible:outline-offset-[-2px] sm:grid-cols-[1rem_7rem_minmax(0,1fr)_8rem_auto]"
      >
        <ChevronRight aria-hidden className={open ? "size-3.5 rotate-90 text-muted" : "size-3.5 text-muted"} />
        <span className="max-sm:col-start-2 max-sm:row-start-2">
          <Chip tone={TONES[delivery.state]}>{t(`webhooks.state.${delivery.state}`)}</Chip>
        </span>
        <span className="truncate max-sm:col-start-2 max-sm:row-start-1">
          {delivery.event === "webhook.test" ? t("webhooks.aTest") : t(`happening.${delivery.event as "job.failed"}`)}
        </span>
        <span className="truncate text-sm text-muted tabular-nums max-sm:hidden">
          {delivery.status ?? (delivery.error ? t(`webhooks.error.${delivery.error as "timeout"}`) : "")}
        </span>
        <span className="text-xs text-muted max-sm:col-start-3 max-sm:row-start-1">
          <Ago at={delivery.created_at} short />
        </span>
      </button>
      {open && <Told org={org} webhook={webhook} delivery={delivery} active={active} />}
    </li>
  );
}

function Told({ org, webhook, delivery, active }: { org: string; webhook: string; delivery: Delivery; active: boolean }) {
  const { t, exact } = useLanguage();
  const trouble = useTrouble();
  const whole = useDelivery(org, webhook, delivery.id);
  const again = useSendAgain(org, webhook);
  return (
    <div className="flex flex-col gap-3 px-4 pt-1 pb-4 sm:pl-11">
      <dl className="grid grid-cols-[max-content_minmax(0,1fr)] gap-x-4 gap-y-0.5 text-sm">
        <dt className="text-muted">{t("webhooks.id")}</dt>
        <dd className="font-mono text-xs break-all">{delivery.id}</dd>
        <dt className="text-muted">{t("webhooks.tries")}</dt>
        <dd>
          {delivery.tries}
          {delivery.tried_at && `, ${exact(delivery.tried_at)}`}
          {delivery.took_ms !== null && `, ${delivery.took_ms} ms`}
        </dd>
        {delivery.state === "waiting" && (
          <>
            <dt className="text-muted">{t("webhooks.next")}</dt>
            <dd>{exact(delivery.next_try_at)}</dd>
          </>
        )}
        {(delivery.status !== null || delivery.error) && (
          <>
            <dt className="text-muted">{t("webhooks.answer")}</dt>
            <dd className="break-words">{delivery.status ?? t(`webhooks.error.${delivery.error as "timeout"}`)}</dd>
          </>
        )}
      </dl>
      {delivery.response && <pre className="max-h-40 overflow-auto rounded-md border border-line bg-code p-2 text-xs break-all whitespace-pre-wrap">{delivery.response}</pre>}
      {whole.isError && <TroubleNotice trouble={trouble(whole.error)} onRetry={() => void whole.refetch()} />}
      {whole.data && (
        <div>
          <p className="mb-1 text-sm text-muted">{t("webhooks.sent")}</p>
          <pre tabIndex={0} className="max-h-72 overflow-auto rounded-md border border-line bg-code p-2 text-xs break-all whitespace-pre-wrap">
            {JSON.stringify(whole.data.payload, null, 2)}
          </pre>
        </div>
      )}
      {again.isError && <TroubleNotice trouble={trouble(again.error)} />}
      <div>
        <Button size="small" busy={again.isPending} why={active ? null : t("webhooks.offWhy")} onClick={() => again.mutate(delivery.id)}>
          {t("webhooks.again")}
        </Button>
      </div>
    </div>
  );
}
