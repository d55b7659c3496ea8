import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { api, unwrap } from "@/api/client";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { TroubleNotice } from "@/ui/notice";
import { Empty, SkeletonRows } from "@/ui/states";
import { Ago } from "@/ui/time";
import { Outside } from "../layout/outside";

/** A link of ours in a letter is followed; nothing else becomes one. */
function WithLinks({ text }: { text: string }) {
  return text.split(/(https?:\/\/\S+)/).map((part, index) =>
    part.startsWith(`${location.origin}/`) ? (
      <a key={index} href={part} className="break-all text-accent-text underline">
        {part}
      </a>
    ) : (
      <span key={index}>{part}</span>
    ),
  );
}

export function Outbox() {
  const { t } = useLanguage();
  const trouble = useTrouble();
  const letters = useQuery({ queryKey: ["outbox"], queryFn: () => unwrap(api.GET("/api/outbox")), refetchInterval: 3_000, retry: false });
  return (
    <Outside wide title={t("outside.outbox")} lead={t("outside.outboxLead")} links={<Link to="/sign-in">{t("session.toSignIn")}</Link>}>
      {letters.isError ? (
        <TroubleNotice trouble={trouble(letters.error)} />
      ) : !letters.data ? (
        <SkeletonRows rows={3} />
      ) : letters.data.items.length === 0 ? (
        <Empty title={t("outside.outboxEmpty")} />
      ) : (
        <ul className="flex flex-col gap-6">
          {letters.data.items.map((letter) => (
            <li key={letter.id}>
              <p className="text-xs text-muted">
                {letter.recipient} · <Ago at={letter.created_at} />
              </p>
              <h2 className="font-semibold">{letter.subject}</h2>
              <p className="mt-1 text-sm whitespace-pre-line">
                <WithLinks text={letter.text} />
              </p>
            </li>
          ))}
        </ul>
      )}
    </Outside>
  );
}
