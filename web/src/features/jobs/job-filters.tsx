import { Download, ListFilter, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTrouble } from "@/api/use-trouble";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Input, Select } from "@/ui/field";
import { TroubleNotice } from "@/ui/notice";
import { useKeys } from "@/ui/use-keys";
import { type FilterName, type JobFilter, KINDS, NAMES, narrowing, STATES } from "./filter";
import { useExport, useJobChoices } from "./queries";

interface JobFiltersProps {
  filter: JobFilter;
  onChange: (changes: Partial<Record<FilterName, string | null>>) => void;
}

/** What people type is asked for once they pause. */
const PAUSE = 300;

export function JobFilters({ filter, onChange }: JobFiltersProps) {
  const { t } = useLanguage();
  const choices = useJobChoices(filter.org, filter.project);
  const exporting = useExport(filter);
  const trouble = useTrouble();
  const [open, setOpen] = useState(false);
  const count = narrowing(filter);
  const actors = choices.data?.actors ?? [];
  const environments = choices.data?.environments ?? [];
  const select = (name: "state" | "environment" | "kind" | "actor", value: string, any: string, options: [string, string][]) => (
    <Select aria-label={t(`jobs.filter.${name}`)} value={value} onChange={(event) => onChange({ [name]: event.target.value || null })}>
      <option value="">{any}</option>
      {/* What the address names is shown, though nobody offers it. */}
      {value && !options.some(([known]) => known === value) && <option value={value}>{value}</option>}
      {options.map(([known, label]) => (
        <option key={known} value={known}>
          {label}
        </option>
      ))}
    </Select>
  );
  return (
    <>
      <div role="search" aria-label={t("jobs.filter.title")} className="flex flex-wrap items-center gap-2 border-t border-line px-4 py-2">
        <Button className="sm:hidden" aria-expanded={open} onClick={() => setOpen(!open)}>
          <ListFilter aria-hidden className="size-3.5" /> {t("jobs.filter.title")} {count > 0 && count}
        </Button>
        <div className={cx("flex flex-wrap items-center gap-2 max-sm:order-last max-sm:grid max-sm:w-full max-sm:grid-cols-2", !open && "max-sm:hidden")}>
          {select("state", filter.states[0] ?? "", t("jobs.filter.anyState"), STATES.map((one) => [one, t(`jobs.state.${one}`)]))}
          {select("environment", filter.environment ?? "", t("jobs.filter.anyEnvironment"), environments.map((one) => [one.slug, one.name]))}
          {select("kind", filter.kinds[0] ?? "", t("jobs.filter.anyKind"), KINDS.map((one) => [one, t(`jobs.kind.${one}`)]))}
          {select("actor", filter.actor ?? "", t("jobs.filter.anyActor"), actors.map((one) => [one, one]))}
          <RevisionInput key={filter.revision ?? ""} revision={filter.revision} onChange={(revision) => onChange({ revision })} />
          <Day label={t("jobs.filter.since")} value={filter.since} max={filter.until} onChange={(since) => onChange({ since })} />
          <Day label={t("jobs.filter.until")} value={filter.until} min={filter.since} onChange={(until) => onChange({ until })} />
        </div>
        {count > 0 && (
          <Button variant="quiet" onClick={() => onChange(Object.fromEntries(NAMES.map((name) => [name, null])))}>
            <X aria-hidden className="size-3.5" /> {t("jobs.filter.clear")}
          </Button>
        )}
        <Button className="ml-auto" busy={exporting.isPending} onClick={() => exporting.mutate()}>
          {!exporting.isPending && <Download aria-hidden className="size-3.5" />} CSV
        </Button>
      </div>
      {exporting.isError && <TroubleNotice className="mx-4 mb-3" trouble={trouble(exporting.error)} onRetry={() => exporting.mutate()} />}
    </>
  );
}

function RevisionInput({ revision, onChange }: { revision: string | null; onChange: (revision: string | null) => void }) {
  const { t } = useLanguage();
  const box = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(revision ?? "");
  const wanted = text.trim() || null;
  useKeys({
    "/": (event) => {
      event.preventDefault();
      box.current?.focus();
    },
  });
  useEffect(() => {
    if (wanted === revision) return;
    const timer = setTimeout(() => onChange(wanted), PAUSE);
    return () => clearTimeout(timer);
    // The pause begins anew with each letter, and with nothing else.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [wanted]);
  return (
    <Input
      ref={box}
      mono
      type="search"
      maxLength={300}
      aria-label={t("jobs.filter.revision")}
      placeholder={t("jobs.filter.revision")}
      value={text}
      onChange={(event) => setText(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter") onChange(wanted);
        if (event.key === "Escape") event.currentTarget.blur();
      }}
      className="max-sm:col-span-2 sm:!w-34"
    />
  );
}

interface DayProps {
  label: string;
  value: string | null;
  min?: string | null;
  max?: string | null;
  onChange: (day: string | null) => void;
}

function Day({ label, value, min, max, onChange }: DayProps) {
  return (
    <label className="flex min-w-0 items-center gap-1.5 text-sm text-muted">
      <span className="shrink-0">{label}</span>
      <Input type="date" value={value ?? ""} min={min ?? undefined} max={max ?? undefined} onChange={(event) => onChange(event.target.value || null)} className="sm:!w-34" />
    </label>
  );
}
