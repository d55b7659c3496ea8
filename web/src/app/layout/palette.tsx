/** Ctrl/⌘-K: every page that this person may open, and all that they may do, by typing a part of its name. */
import { useEffect, useId, useState } from "react";
import { Dialog as Radix } from "radix-ui";
import { useNavigate, useParams } from "react-router";
import type { OrganizationOfMe } from "@/api/types";
import { useProjects } from "@/features/projects/queries";
import { useLanguage } from "@/i18n";
import { cx } from "@/ui/cx";
import { addresses } from "../addresses";
import { type Command, useCommands } from "./commands";

const OPEN = "stillroom:palette";

export function openPalette(): void {
  dispatchEvent(new Event(OPEN));
}

type Place = Command;

function usePlaces(organization: OrganizationOfMe, onKeys: () => void): Place[] {
  const { t } = useLanguage();
  const navigate = useNavigate();
  const { project } = useParams();
  const projects = useProjects(organization.slug);
  const org = organization.slug;
  const page = (label: string, to: string): Place => ({ label, group: t("palette.go"), act: () => void navigate(to) });
  const ofProject = (slug: string, name: string) => [
    page(`${name} / ${t("nav.migrations")}`, addresses.migrations(org, slug)),
    page(`${name} / ${t("nav.jobs")}`, addresses.jobs(org, slug)),
    page(`${name} / ${t("drafts.list")}`, addresses.drafts(org, slug)),
    page(`${name} / ${t("nav.databases")}`, addresses.databases(org, slug)),
    page(`${name} / ${t("nav.settings")}`, addresses.settings(org, slug)),
  ];
  const all = projects.data ?? [];
  const nearFirst = [...all].sort((a, b) => Number(b.slug === project) - Number(a.slug === project));
  return [
    ...nearFirst.flatMap((one) => ofProject(one.slug, one.name)),
    page(t("nav.projects"), addresses.projects(org)),
    page(t("nav.jobs"), addresses.jobs(org)),
    page(t("approvals.title"), addresses.approvals(org)),
    ...(organization.permissions.includes("project.create")
      ? [{ label: t("projects.add"), group: t("palette.action"), act: () => void navigate(addresses.newProject(org)) }]
      : []),
    { label: t("top.keys"), group: t("palette.action"), act: onKeys },
  ];
}

export function Palette({ organization, onKeys }: { organization: OrganizationOfMe; onKeys: () => void }) {
  const { t } = useLanguage();
  const [open, setOpen] = useState(false);
  const show = () => setOpen(true);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        setOpen((before) => !before);
      }
    };
    addEventListener("keydown", onKey);
    addEventListener(OPEN, show);
    return () => {
      removeEventListener("keydown", onKey);
      removeEventListener(OPEN, show);
    };
  }, []);
  return (
    <Radix.Root open={open} onOpenChange={setOpen}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/30 dark:bg-black/60" />
        <Radix.Content
          aria-describedby={undefined}
          className="pops fixed top-[12vh] left-1/2 z-50 w-[calc(100vw-1.5rem)] max-w-lg -translate-x-1/2 overflow-hidden rounded-lg border border-line bg-raised shadow-pop outline-none"
        >
          <Radix.Title className="sr-only">{t("palette.title")}</Radix.Title>
          <Choices organization={organization} onKeys={onKeys} onDone={() => setOpen(false)} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function Choices({ organization, onKeys, onDone }: { organization: OrganizationOfMe; onKeys: () => void; onDone: () => void }) {
  const { t } = useLanguage();
  const list = useId();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const commands = useCommands(organization, text);
  const named = [...usePlaces(organization, onKeys), ...commands.named];
  const found = [...named.filter(({ label, group }) => words.every((word) => `${label} ${group}`.toLowerCase().includes(word))), ...commands.typed];
  const chosen = Math.min(at, found.length - 1);
  const take = (place: Place | undefined) => {
    if (!place) return;
    onDone();
    place.act();
  };
  return (
    <>
      <input
        autoFocus
        role="combobox"
        aria-expanded
        aria-controls={list}
        aria-activedescendant={found.length > 0 ? `${list}-${chosen}` : undefined}
        aria-label={t("palette.placeholder")}
        placeholder={t("palette.placeholder")}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") setAt(Math.min(chosen + 1, found.length - 1));
          else if (event.key === "ArrowUp") setAt(Math.max(chosen - 1, 0));
          else if (event.key === "Enter") take(found[chosen]);
          else return;
          event.preventDefault();
        }}
        className="h-11 w-full border-b border-line bg-transparent px-4 text-[15px] outline-none"
      />
      <ul id={list} role="listbox" aria-label={t("palette.title")} className="max-h-80 overflow-y-auto p-1">
        {found.map((place, index) => (
          <li
            key={`${place.group} ${place.label}`}
            id={`${list}-${index}`}
            role="option"
            aria-selected={index === chosen}
            onPointerMove={() => setAt(index)}
            onClick={() => take(place)}
            ref={(node) => {
              if (index === chosen) node?.scrollIntoView({ block: "nearest" });
            }}
            className={cx("flex h-8 cursor-pointer items-center justify-between gap-4 rounded px-3", index === chosen && "bg-selected")}
          >
            <span className="truncate">{place.label}</span>
            <span className="max-w-40 shrink-0 truncate text-xs text-muted">{place.group}</span>
          </li>
        ))}
        {found.length === 0 && <li className="px-3 py-4 text-muted">{t("palette.empty")}</li>}
      </ul>
    </>
  );
}
