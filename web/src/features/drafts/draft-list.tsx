import { FileClock, FilePen, FileX, GitBranch, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import type { Draft } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Chip, type Tone } from "@/ui/chip";
import { Spinner } from "@/ui/spinner";
import { Ago } from "@/ui/time";
import { isBusy } from "./queries";

type State = Draft["state"];

const ICONS: Partial<Record<State, LucideIcon>> = { ready: FilePen, failed: FileX, pushed: GitBranch };
const TONES: Partial<Record<State, Tone>> = { ready: "accent", failed: "failed", pushed: "applied" };

interface DraftRowsProps {
  drafts: Draft[];
  selected: string | null;
  renderLink: (draft: Draft, content: ReactNode) => ReactNode;
}

export function DraftRows({ drafts, selected, renderLink }: DraftRowsProps) {
  return (
    <ul>
      {drafts.map((draft) => (
        <li
          key={draft.id}
          data-draft={draft.id}
          data-selected={draft.id === selected || undefined}
          className="border-b border-line hover:bg-hover data-selected:bg-selected data-selected:shadow-[inset_2px_0_0_var(--accent)]"
        >
          {renderLink(draft, <DraftRow draft={draft} />)}
        </li>
      ))}
    </ul>
  );
}

function DraftRow({ draft }: { draft: Draft }) {
  const { t, said } = useLanguage();
  const Icon = ICONS[draft.state] ?? FileClock;
  // What is worth knowing next: where it went, why it did not, or where it will stand.
  const about = draft.state === "pushed" ? draft.branch : draft.error ? said(draft.error.title) : draft.path;
  return (
    <span className="grid grid-cols-[auto_minmax(0,1fr)_auto] items-center gap-x-3 px-4 py-2 md:grid-cols-[auto_minmax(0,1.3fr)_minmax(0,1.5fr)_8.5rem_8.5rem_5.5rem]">
      {isBusy(draft) ? <Spinner className="size-4 text-running" /> : <Icon aria-hidden className="size-4 text-muted" />}
      <span className="min-w-0">
        <span className="block truncate font-medium">
          {draft.message} <span className="font-normal text-muted">{t(`drafts.kind.${draft.kind}`)}</span>
        </span>
        <span className="flex min-w-0 items-center gap-1.5 text-xs text-muted md:hidden">
          <span className="shrink-0">{t(`drafts.state.${draft.state}`)}</span>
          {about && <span className="truncate">· {about}</span>}
        </span>
      </span>
      <span className="min-w-0 truncate text-sm text-muted max-md:hidden">{about}</span>
      <span className="max-md:hidden">
        <Chip tone={TONES[draft.state] ?? "neutral"}>{t(`drafts.state.${draft.state}`)}</Chip>
      </span>
      <span className="truncate text-sm text-muted max-md:hidden">{draft.actor}</span>
      <span className="justify-self-end text-right text-xs whitespace-nowrap text-muted">
        <Ago at={draft.created_at} short />
      </span>
    </span>
  );
}
