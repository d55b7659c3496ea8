import { Compass } from "lucide-react";
import { Link } from "react-router";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Empty } from "@/ui/states";

export function NotFound() {
  const { t } = useLanguage();
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
