import type { JobKind, JobState } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Select } from "@/ui/field";
import { type JobFilter, KINDS, STATES } from "./queries";

interface JobFiltersProps {
  filter: JobFilter;
  environments: { slug: string; name: string }[];
  onState: (state: JobState | null) => void;
  onKind: (kind: JobKind | null) => void;
  onEnvironment: (environment: string | null) => void;
}

export function JobFilters({ filter, environments, onState, onKind, onEnvironment }: JobFiltersProps) {
  const { t } = useLanguage();
  return (
    <>
      <Select aria-label={t("jobs.filter.state")} value={filter.states[0] ?? ""} onChange={(event) => onState((event.target.value || null) as JobState | null)}>
        <option value="">{t("jobs.filter.anyState")}</option>
        {STATES.map((state) => (
          <option key={state} value={state}>
            {t(`jobs.state.${state}`)}
          </option>
        ))}
      </Select>
      {(environments.length > 0 || filter.environment) && (
        <Select aria-label={t("jobs.filter.environment")} value={filter.environment ?? ""} onChange={(event) => onEnvironment(event.target.value || null)}>
          <option value="">{t("jobs.filter.anyEnvironment")}</option>
          {environments.map((one) => (
            <option key={one.slug} value={one.slug}>
              {one.name}
            </option>
          ))}
        </Select>
      )}
      <Select aria-label={t("jobs.filter.kind")} value={filter.kinds[0] ?? ""} onChange={(event) => onKind((event.target.value || null) as JobKind | null)}>
        <option value="">{t("jobs.filter.anyKind")}</option>
        {KINDS.map((kind) => (
          <option key={kind} value={kind}>
            {t(`jobs.kind.${kind}`)}
          </option>
        ))}
      </Select>
    </>
  );
}
