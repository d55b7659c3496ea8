/** Above the revisions: what to look for, how much there is, and what the table leaves out. */
import { Check, Download, FilePlus2, Filter, FoldVertical, ListFilter, MoreHorizontal, UnfoldVertical, X } from "lucide-react";
import { type ReactNode, type RefObject, useEffect, useMemo, useRef, useState } from "react";
import type { History } from "@/api/types";
import { useLanguage } from "@/i18n";
import { IconButton } from "@/ui/button";
import { Kbd } from "@/ui/kbd";
import { Menu, MenuItem, MenuLabel } from "@/ui/menu";
import { toggleWord, wordFor, wordsOf } from "./rows";
import type { EnvironmentStanding } from "./standing";

interface TableHeadProps {
  input: RefObject<HTMLInputElement | null>;
  filter: string;
  onFilter: (text: string) => void;
  history: History;
  standings: EnvironmentStanding[];
  shown: number | null;
  folded: boolean;
  onFold: (folded: boolean) => void;
  onExport: () => void;
  /** Null where the person may not have one written. */
  onNewRevision: (() => void) | null;
  noEnvironments: ReactNode;
}

export function TableHead({ input, filter, onFilter, history, standings, shown, folded, onFold, onExport, onNewRevision, noEnvironments }: TableHeadProps) {
  const { t } = useLanguage();
  // Typed letters appear at once; the address follows, and never overwrites what is being typed.
  const [text, setText] = useState(filter);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    if (document.activeElement !== input.current) setText(filter);
  }, [filter, input]);
  const change = (value: string, delay = 0) => {
    setText(value);
    clearTimeout(timer.current);
    if (delay === 0) onFilter(value);
    else timer.current = setTimeout(() => onFilter(value), delay);
  };
  const merges = useMemo(() => history.revisions.filter((revision) => revision.is_merge).length, [history]);
  const facts = [
    t("migrations.count.revisions", { count: history.revisions.length }),
    t("migrations.count.heads", { count: history.heads.length }),
    ...(history.bases.length > 1 ? [t("migrations.count.bases", { count: history.bases.length })] : []),
    ...(merges > 0 ? [t("migrations.count.merges", { count: merges })] : []),
  ];
  return (
    <div className="flex max-w-xl flex-col gap-1.5">
      <div className="flex items-center gap-1 max-sm:flex-wrap">
        <div className="relative min-w-0 flex-1 max-sm:basis-full">
          <ListFilter aria-hidden className="absolute top-1/2 left-2.5 size-3.5 -translate-y-1/2 text-muted" />
          <input
            ref={input}
            type="search"
            value={text}
            onChange={(event) => change(event.target.value, 120)}
            onKeyDown={(event) => {
              if (event.key === "Escape") {
                if (text) change("");
                else event.currentTarget.blur();
              } else if (event.key === "Enter" || event.key === "ArrowDown") {
                change(text);
                event.currentTarget.blur();
              }
            }}
            aria-label={t("migrations.filter")}
            placeholder={t("migrations.filterPlaceholder")}
            className="h-8 w-full rounded-md border border-line bg-bg pr-8 pl-8 text-sm font-normal hover:border-line-strong max-sm:text-[16px] [&::-webkit-search-cancel-button]:hidden"
          />
          <span className="absolute top-1/2 right-1.5 -translate-y-1/2">
            {text ? (
              <IconButton size="small" label={t("migrations.clearFilter")} onClick={() => change("")}>
                <X className="size-3.5" />
              </IconButton>
            ) : (
              <span className="max-sm:hidden">
              <Kbd>/</Kbd>
            </span>
            )}
          </span>
        </div>
        <FilterMenu history={history} standings={standings} filter={filter} onToggle={(word) => change(toggleWord(filter, word))} />
        <Menu
          label={t("migrations.view")}
          trigger={
            <IconButton label={t("migrations.view")}>
              <MoreHorizontal className="size-4" />
            </IconButton>
          }
        >
          <MenuItem
            icon={folded ? <UnfoldVertical className="size-3.5" /> : <FoldVertical className="size-3.5" />}
            onSelect={() => onFold(!folded)}
          >
            {t(folded ? "migrations.unfoldAll" : "migrations.foldAll")}
          </MenuItem>
          {onNewRevision && (
            <MenuItem icon={<FilePlus2 className="size-3.5" />} onSelect={onNewRevision}>
              {t("drafts.new")}…
            </MenuItem>
          )}
          <MenuItem icon={<Download className="size-3.5" />} onSelect={onExport}>
            {t("migrations.exportSvg")}
          </MenuItem>
        </Menu>
      </div>
      <p className="truncate text-xs text-muted" aria-live="polite">
        {shown === null ? facts.join(" · ") : t("migrations.count.found", { count: shown })}
      </p>
      {noEnvironments && <div className="text-sm font-normal">{noEnvironments}</div>}
    </div>
  );
}

const MOST = 12;

/** Who wrote the most comes first; a long tail is found by typing. */
function authorsOf(history: History): string[] {
  const times = new Map<string, number>();
  for (const { author } of history.revisions) if (author) times.set(author, (times.get(author) ?? 0) + 1);
  return [...times].sort((a, b) => b[1] - a[1]).slice(0, MOST).map(([author]) => author);
}

interface FilterMenuProps {
  history: History;
  standings: EnvironmentStanding[];
  filter: string;
  onToggle: (word: string) => void;
}

/** The same words that can be typed, to choose from. */
function FilterMenu({ history, standings, filter, onToggle }: FilterMenuProps) {
  const { t } = useLanguage();
  const present = new Set(wordsOf(filter));
  const authors = useMemo(() => authorsOf(history), [history]);
  const labels = useMemo(() => [...new Set(history.revisions.flatMap((revision) => revision.labels))].slice(0, MOST), [history]);
  const item = (word: string, label: string) => {
    const on = present.has(wordsOf(word)[0] ?? "");
    return (
      <MenuItem key={word} icon={on ? <Check className="size-3.5 text-accent-text" /> : <span />} onSelect={() => onToggle(word)}>
        {label}
        {on && <span className="sr-only"> {t("migrations.filterOn")}</span>}
      </MenuItem>
    );
  };
  return (
    <Menu
      label={t("migrations.filterBy")}
      trigger={
        <IconButton label={t("migrations.filterBy")}>
          <Filter className="size-4" />
        </IconButton>
      }
    >
      {standings.length > 0 && <MenuLabel>{t("migrations.filterPending")}</MenuLabel>}
      {standings.map(({ environment }) => item(wordFor("pending", environment.slug), environment.name))}
      {authors.length > 0 && <MenuLabel>{t("migrations.filterAuthor")}</MenuLabel>}
      {authors.map((author) => item(wordFor("author", author), author))}
      {labels.length > 0 && <MenuLabel>{t("migrations.filterLabel")}</MenuLabel>}
      {labels.map((label) => item(wordFor("label", label), label))}
    </Menu>
  );
}
