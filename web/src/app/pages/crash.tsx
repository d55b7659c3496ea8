import { RefreshCw } from "lucide-react";
import { useRouteError } from "react-router";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";
import { Empty } from "@/ui/states";
import { useTitle } from "@/ui/use-title";

/** A part of the page could not be loaded: its file went with an update of the service, or the network did. */
function isMissingPart(error: unknown): boolean {
  return error instanceof TypeError && /dynamically imported module|module script|error loading/i.test(error.message);
}

export function Crash() {
  const error = useRouteError();
  const { t } = useLanguage();
  const part = isMissingPart(error);
  const title = t(part ? "crash.part.title" : "crash.title");
  useTitle(title);
  const words = error instanceof Error ? `${error.message}\n${error.stack ?? ""}` : String(error);
  return (
    <div role="alert" className="pt-16">
      <Empty
        icon={<RefreshCw className="size-5" />}
        title={title}
        action={
          <>
            <Button variant="primary" onClick={() => location.reload()}>
              {t("crash.reload")}
            </Button>
            <Button asChild>
              <a href="/">{t("notFound.back")}</a>
            </Button>
          </>
        }
      >
        <p>{t(part ? "crash.part.detail" : "crash.detail")}</p>
        {!part && (
          <div className="mt-3 flex items-start gap-1 rounded bg-code p-2 text-left">
            <code className="min-w-0 flex-1 text-xs break-words">{error instanceof Error ? error.message : String(error)}</code>
            <CopyButton text={`${location.href}\n${words}`} label={t("crash.copy")} />
          </div>
        )}
      </Empty>
    </div>
  );
}
