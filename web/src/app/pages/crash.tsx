import { useRouteError } from "react-router";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Empty } from "@/ui/states";

export function Crash() {
  const error = useRouteError();
  const { t } = useLanguage();
  return (
    <Empty title={t("crash.title")} action={<Button onClick={() => location.reload()}>{t("common.retry")}</Button>}>
      {t("crash.detail")}
      <pre className="mt-3 max-w-full overflow-x-auto rounded bg-code p-2 text-left text-xs">
        {error instanceof Error ? error.message : String(error)}
      </pre>
    </Empty>
  );
}
