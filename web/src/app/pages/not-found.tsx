import { Compass } from "lucide-react";
import { Link } from "react-router";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Empty } from "@/ui/states";
import { useTitle } from "@/ui/use-title";

export function NotFound() {
  const { t } = useLanguage();
  useTitle(t("notFound.title"));
  return (
    <div className="pt-16">
      <Empty
        icon={<Compass className="size-5" />}
        title={t("notFound.title")}
        action={
          <Button asChild>
            <Link to="/">{t("notFound.back")}</Link>
          </Button>
        }
      >
        {t("notFound.detail")}
      </Empty>
    </div>
  );
}
