import { CircleUser, Languages, MonitorCog, Moon, Sun } from "lucide-react";
import type { ReactNode } from "react";
import type { Me } from "@/api/types";
import { LOCALES, useLanguage } from "@/i18n";
import { IconButton } from "@/ui/button";
import { Menu, MenuChoice, MenuItem, MenuSeparator } from "@/ui/menu";
import { type Theme, useTheme } from "@/ui/theme";
import { useSavePreference } from "./queries";

export const LANGUAGE_NAMES = { en: "English", ru: "Русский" };

/** Also on the sign-in page, where there is nobody yet to keep the choice for. */
export function LanguageMenu({ signedIn }: { signedIn: boolean }) {
  const { t, locale, setLocale } = useLanguage();
  const save = useSavePreference();
  return (
    <Menu
      trigger={
        <IconButton label={t("top.language")}>
          <Languages className="size-4" />
        </IconButton>
      }
    >
      <MenuChoice
        value={locale}
        onChange={(next) => {
          setLocale(next);
          if (signedIn) save.mutate({ locale: next });
        }}
        options={LOCALES.map((value) => ({ value, label: <span lang={value}>{LANGUAGE_NAMES[value]}</span> }))}
      />
    </Menu>
  );
}

export function ThemeMenu({ signedIn }: { signedIn: boolean }) {
  const { t } = useLanguage();
  const [theme, setTheme] = useTheme();
  const save = useSavePreference();
  const icons = { light: Sun, dark: Moon, system: MonitorCog };
  const Icon = icons[theme];
  const change = (next: Theme) => {
    setTheme(next);
    if (signedIn) save.mutate({ theme: next });
  };
  return (
    <Menu
      trigger={
        <IconButton label={t("top.theme")}>
          <Icon className="size-4" />
        </IconButton>
      }
    >
      <MenuChoice
        value={theme}
        onChange={change}
        options={[
          { value: "light", label: t("top.theme.light") },
          { value: "dark", label: t("top.theme.dark") },
          { value: "system", label: t("top.theme.system") },
        ]}
      />
    </Menu>
  );
}

interface UserMenuProps {
  me: Me;
  onSignOut: () => void;
  onKeys: () => void;
  accountLink: (label: string) => ReactNode;
  /** For those who run the installation. */
  installationLink: (label: string) => ReactNode;
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  return ((words[0]?.[0] ?? "") + (words.length > 1 ? (words.at(-1)?.[0] ?? "") : "")).toUpperCase();
}

export function UserMenu({ me, onSignOut, onKeys, accountLink, installationLink }: UserMenuProps) {
  const { t } = useLanguage();
  return (
    <Menu
      trigger={
        <button
          type="button"
          aria-label={t("top.account", { name: me.name })}
          className="ml-1 flex size-7 items-center justify-center rounded-full bg-neutral-soft text-xs font-semibold text-text hover:bg-selected"
        >
          {initials(me.name) || <CircleUser className="size-4" />}
        </button>
      }
    >
      <div className="px-2 py-1.5">
        <p className="truncate text-sm font-medium">{me.name}</p>
        <p className="truncate text-xs text-muted">{me.email}</p>
      </div>
      <MenuSeparator />
      <MenuItem asChild>{accountLink(t("account.title"))}</MenuItem>
      {me.staff && <MenuItem asChild>{installationLink(t("installation.title"))}</MenuItem>}
      <MenuItem onSelect={onKeys}>{t("top.keys")}</MenuItem>
      <MenuItem asChild>
        <a href="/ui">{t("top.components")}</a>
      </MenuItem>
      <MenuSeparator />
      <MenuItem onSelect={onSignOut}>{t("top.signOut")}</MenuItem>
    </Menu>
  );
}
