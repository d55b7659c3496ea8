import { Link, useNavigate, useSearchParams } from "react-router";
import { OrganizationSignIn } from "@/features/session/organization-sign-in";
import { SignInForm } from "@/features/session/sign-in-form";
import { useOptions } from "@/features/session/queries";
import { useLanguage } from "@/i18n";
import { Outside } from "../layout/outside";
import { safeNext } from "../safe-next";

export function SignIn() {
  const { t } = useLanguage();
  const navigate = useNavigate();
  const [search] = useSearchParams();
  const options = useOptions();
  return (
    <Outside
      title="Stillroom"
      tab={t("session.title")}
      lead={t("session.lead")}
      links={
        <>
          {options.data?.mail && <Link to="/forgot">{t("session.forgot")}</Link>}
          {options.data?.sign_up && <Link to="/sign-up">{t("session.signUp")}</Link>}
          {options.data?.outbox && <Link to="/outbox">{t("session.outbox")}</Link>}
        </>
      }
    >
      <SignInForm onDone={() => void navigate(safeNext(search.get("next")), { replace: true })} />
      {(options.data?.sso || search.has("sso")) && <OrganizationSignIn next={safeNext(search.get("next"))} reason={search.get("sso")} />}
    </Outside>
  );
}
