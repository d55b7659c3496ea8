import { useLanguage } from "@/i18n";
import { asProblem } from "./problem";

interface Trouble {
  title: string;
  detail: string;
  fix?: string | null;
}

/** An error as something to show: the server's own words, or ours where no server spoke. */
export function useTrouble(): (error: unknown) => Trouble {
  const { t } = useLanguage();
  return (error) => {
    const problem = asProblem(error);
    if (problem.unreachable) return { title: t("common.unreachable.title"), detail: t("common.unreachable.detail") };
    return { title: problem.title, detail: problem.detail, fix: problem.fix };
  };
}
