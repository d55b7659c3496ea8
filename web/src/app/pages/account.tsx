import { Link, useNavigate, useSearchParams } from "react-router";
import { EmailForm, PasswordForm, SecondFactor } from "@/features/account/security";
import { AccountLog } from "@/features/account/log";
import { Passkeys } from "@/features/account/passkeys";
import { Organizations } from "@/features/account/organizations";
import { SignIns } from "@/features/account/sign-ins";
import { NotificationChoices } from "@/features/notifications/notifications";
import { useSavePreference } from "@/features/session/queries";
import { LanguageMenu, ThemeMenu } from "@/features/session/user-menu";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Field, Input } from "@/ui/field";
import { Tabs } from "@/ui/tabs";
import { useTheme } from "@/ui/theme";
import { useForm } from "@/ui/use-form";
import { useTitle } from "@/ui/use-title";
import { addresses } from "../addresses";
import { useMe } from "../use-me";

type Section = "profile" | "security" | "sessions" | "log" | "organizations" | "notifications";
const SECTIONS: Section[] = ["profile", "security", "sessions", "log", "organizations", "notifications"];

export function Account() {
  const { t } = useLanguage();
  const me = useMe();
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  useTitle(t("account.title"));
  useTheme(); // this page has no frame around it that would follow the browser's choice
  const section = SECTIONS.find((one) => one === search.get("section")) ?? "profile";
  const inside = (content: React.ReactNode) => <div className="mx-auto flex w-full max-w-3xl flex-col gap-6 px-4 py-5">{content}</div>;
  return (
    <main className="flex min-h-full flex-col overflow-y-auto">
      <div className="flex flex-wrap items-center gap-3 px-4 pt-3.5 pb-2">
        <h1 className="flex-1 text-lg font-semibold tracking-tight">
          {me.name} <span className="font-normal text-muted">{t("account.title")}</span>
        </h1>
        <Button asChild>
          <Link to="/">{t("account.back")}</Link>
        </Button>
      </div>
      <Tabs
        label={t("account.title")}
        value={section}
        onChange={(next) => setSearch({ section: next }, { replace: true })}
        tabs={[
          { value: "profile", label: t("account.profile"), content: inside(<Profile />) },
          {
            value: "security",
            label: t("account.security"),
            content: inside(
              <>
                <Part title={t("session.password")}>
                  <PasswordForm />
                </Part>
                <Part title={t("account.secondFactor")}>
                  <SecondFactor />
                </Part>
                <Part title={t("passkeys.title")}>
                  <Passkeys />
                </Part>
                <Part title={t("account.email")}>
                  <EmailForm />
                </Part>
              </>,
            ),
          },
          { value: "sessions", label: t("account.sessions"), content: inside(<SignIns />) },
          { value: "log", label: t("account.log"), content: inside(<AccountLog />) },
          {
            value: "organizations",
            label: t("account.organizations"),
            content: inside(
              <Organizations
                me={me}
                link={(slug, label) => <Link to={addresses.projects(slug)}>{label}</Link>}
                onFounded={(slug) => void navigate(addresses.projects(slug))}
              />,
            ),
          },
          { value: "notifications", label: t("notifications.title"), content: inside(<NotificationChoices />) },
        ]}
      />
    </main>
  );
}

function Part({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <section className="flex flex-col gap-3">
      <h2 className="font-semibold">{title}</h2>
      {children}
    </section>
  );
}

function Profile() {
  const { t } = useLanguage();
  const me = useMe();
  const save = useSavePreference();
  const form = useForm({ name: me.name }, async ({ name }) => {
    await save.mutateAsync({ name });
  });
  return (
    <form className="flex max-w-md flex-col gap-4" noValidate onSubmit={(event) => void form.submit(event)}>
      <Field label={t("account.name")} error={form.errorOf("name")}>
        <Input value={form.values.name} onChange={(event) => form.set("name", event.target.value)} />
      </Field>
      <Field label={t("account.email")}>
        <Input value={me.email} readOnly />
      </Field>
      <div className="flex flex-wrap items-center gap-4 text-sm">
        <span className="flex items-center gap-1">
          {t("account.language")} <LanguageMenu signedIn />
        </span>
        <span className="flex items-center gap-1">
          {t("account.theme")} <ThemeMenu signedIn />
        </span>
      </div>
      <div className="flex items-center gap-3">
        <Button type="submit" variant="primary" busy={form.busy}>
          {t("common.save")}
        </Button>
        {save.isSuccess && (
          <span role="status" className="text-sm text-applied">
            {t("common.saved")}
          </span>
        )}
      </div>
    </form>
  );
}
