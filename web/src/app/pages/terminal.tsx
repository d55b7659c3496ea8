import { useSearchParams } from "react-router";
import { asProblem } from "@/api/problem";
import { useTrouble } from "@/api/use-trouble";
import { signOut } from "@/features/session/queries";
import { CodeForm } from "@/features/terminals/code-form";
import { useAnswerTerminal, useTerminal } from "@/features/terminals/queries";
import { Question } from "@/features/terminals/question";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Notice, TroubleNotice } from "@/ui/notice";
import { SkeletonRows } from "@/ui/states";
import { Outside } from "../layout/outside";
import { useMe } from "../use-me";

/** Where somebody answers a terminal that asks to be signed in as them; the address has its code, or they type it. */
export function Terminal() {
  const { t } = useLanguage();
  const me = useMe();
  const [search, setSearch] = useSearchParams();
  const code = search.get("code")?.trim().slice(0, 40) ?? "";
  const enter = (typed: string) => setSearch({ code: typed });
  return (
    <Outside
      title={t("terminal.title")}
      lead={t("terminal.lead", { name: me.name, email: me.email })}
      links={
        <Button variant="quiet" onClick={() => void signOut()}>
          {t("terminal.somebodyElse")}
        </Button>
      }
    >
      {code ? <Asked key={code} code={code} email={me.email} onCode={enter} /> : <CodeForm onCode={enter} />}
    </Outside>
  );
}

interface AskedProps {
  code: string;
  email: string;
  onCode: (code: string) => void;
}

function Asked({ code, email, onCode }: AskedProps) {
  const trouble = useTrouble();
  const found = useTerminal(code);
  const answer = useAnswerTerminal(code);
  if (found.isError) {
    const unknown = asProblem(found.error).status === 404;
    return (
      <div className="flex flex-col gap-4">
        <TroubleNotice trouble={trouble(found.error)} {...(unknown ? {} : { onRetry: () => void found.refetch() })} />
        {unknown && <CodeForm onCode={onCode} />}
      </div>
    );
  }
  if (!found.data) return <SkeletonRows rows={4} />;
  if (found.data.state === "waiting") return <Question terminal={found.data} email={email} answer={answer} />;
  return <Answered approved={found.data.state === "approved"} before={!answer.isSuccess} />;
}

/** The end: said otherwise to who only came back to the page. */
function Answered({ approved, before }: { approved: boolean; before: boolean }) {
  const { t } = useLanguage();
  if (approved)
    return (
      <Notice kind="success" title={t(before ? "terminal.approvedBefore" : "terminal.approved")}>
        {t("terminal.approvedHint")}
      </Notice>
    );
  return <Notice title={t(before ? "terminal.refusedBefore" : "terminal.refused")}>{t("terminal.refusedHint")}</Notice>;
}
