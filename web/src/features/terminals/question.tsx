import type { Terminal } from "@/api/types";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Notice, TroubleNotice } from "@/ui/notice";
import { Ago } from "@/ui/time";
import type { useAnswerTerminal } from "./queries";

interface QuestionProps {
  terminal: Terminal;
  /** Who is signed in here. */
  email: string;
  answer: ReturnType<typeof useAnswerTerminal>;
}

/** What asks, as it says of itself, and the two answers. */
export function Question({ terminal, email, answer }: QuestionProps) {
  const { t } = useLanguage();
  const trouble = useTrouble();
  return (
    <div className="flex flex-col gap-4">
      <p className="text-center">
        <span className="block text-sm text-muted">{t("terminal.code")}</span>
        <span className="font-mono text-2xl font-semibold tracking-widest">{terminal.code}</span>
      </p>
      <dl className="grid grid-cols-[auto_1fr] gap-x-3 gap-y-1 text-sm [&_dd]:min-w-0 [&_dd]:break-words [&_dt]:text-muted">
        <dt>{t("terminal.asks")}</dt>
        <dd>{terminal.name || t("terminal.nameless")}</dd>
        <dt>{t("terminal.from")}</dt>
        <dd>{terminal.address}</dd>
        <dt>{t("terminal.when")}</dt>
        <dd>
          <Ago at={terminal.asked_at} />
        </dd>
        <dt>{t("terminal.as")}</dt>
        <dd>{email}</dd>
      </dl>
      <Notice kind="warning" title={t("terminal.warning")}>
        <p>{t("terminal.warningHint")}</p>
        {terminal.elsewhere && <p className="mt-1">{t("terminal.elsewhere")}</p>}
      </Notice>
      {answer.isError && <TroubleNotice trouble={trouble(answer.error)} />}
      <div className="flex flex-col gap-2">
        <Button variant="primary" size="large" busy={answer.isPending && answer.variables === "approve"} disabled={answer.isPending} onClick={() => answer.mutate("approve")}>
          {t("terminal.approve")}
        </Button>
        <Button size="large" busy={answer.isPending && answer.variables === "refuse"} disabled={answer.isPending} onClick={() => answer.mutate("refuse")}>
          {t("terminal.refuse")}
        </Button>
      </div>
    </div>
  );
}
