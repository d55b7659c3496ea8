import { useNavigate, useSearchParams } from "react-router";
import { LanguageMenu, ThemeMenu } from "@/features/session/user-menu";
import { SignInForm } from "@/features/session/sign-in-form";
import { useLanguage } from "@/i18n";
import { useTitle } from "@/ui/use-title";
import { Logo } from "../layout/logo";

/** Only a path of ours: an address elsewhere would make the sign-in page a springboard. */
function safeNext(next: string | null): string {
  return next && /^\/(?![/\\])/.test(next) ? next : "/";
}

export function SignIn() {
  const { t } = useLanguage();
  const navigate = useNavigate();
  const [search] = useSearchParams();
  useTitle(t("session.title"));
  return (
    <div className="flex min-h-full flex-col bg-side">
      <div className="flex justify-end gap-0.5 p-3">
        <LanguageMenu signedIn={false} />
        <ThemeMenu signedIn={false} />
      </div>
      <main className="mx-auto flex w-full max-w-sm flex-1 flex-col px-4 pt-[9vh] pb-24">
        <div className="mb-6 flex flex-col items-center gap-3 text-center">
          <Logo className="size-10" />
          <div>
            <h1 className="text-xl font-semibold tracking-tight">Stillroom</h1>
            <p className="text-muted">{t("session.lead")}</p>
          </div>
        </div>
        <div className="rounded-lg border border-line bg-bg p-5">
          <SignInForm onDone={() => void navigate(safeNext(search.get("next")), { replace: true })} />
        </div>
      </main>
    </div>
  );
}
