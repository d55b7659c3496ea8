import { useLanguage } from "@/i18n";
import { Choices, named } from "@/ui/choices";
import type { Choice } from "./place-fields";

export const PERMISSIONS = ["job.read", "job.plan", "job.upgrade", "job.downgrade", "job.stamp", "job.cancel"] as const;
export type TokenPermission = (typeof PERMISSIONS)[number];
export const USUAL: TokenPermission[] = ["job.read", "job.plan", "job.upgrade"];

/** As a form keeps it; no project means all of them, no environment all of the project. */
export interface Scope {
  projects: string[];
  environments: string[];
  permissions: TokenPermission[];
}

/** As the service takes it. */
export function asked({ projects, environments, permissions }: Scope) {
  return {
    projects: projects.length > 0 ? projects : null,
    environments: environments.length > 0 ? environments : null,
    permissions,
  };
}

interface ScopeFieldsProps {
  value: Scope;
  onChange: (change: Partial<Scope>) => void;
  projects: Choice[];
  /** The environments of the chosen project, where it is a single one. */
  environments: Choice[];
  onProject: (project: string) => void;
  errorOf: (field: string) => string | undefined;
}

/** Where and what: several projects, or several environments of one; and the acts. */
export function ScopeFields({ value, onChange, projects, environments, onProject, errorOf }: ScopeFieldsProps) {
  const { t } = useLanguage();
  const one = value.projects.length === 1;
  return (
    <>
      <Choices
        legend={t("tokens.projects")}
        options={named(projects, value.projects)}
        chosen={value.projects}
        onChange={(chosen) => {
          onChange({ projects: chosen, environments: [] });
          onProject(chosen.length === 1 ? (chosen[0] ?? "") : "");
        }}
        hint={t("tokens.projectsHint")}
        error={errorOf("projects")}
      />
      <Choices
        legend={t("tokens.environments")}
        options={one ? named(environments, value.environments) : []}
        chosen={value.environments}
        onChange={(chosen) => onChange({ environments: chosen })}
        hint={one ? t("tokens.environmentsHint") : t("tokens.environmentsOfOne")}
        error={errorOf("environments")}
      />
      <Choices
        legend={t("tokens.may")}
        options={PERMISSIONS.map((may) => ({ value: may, label: t(`tokens.may.${may}`) }))}
        chosen={value.permissions}
        onChange={(chosen) => onChange({ permissions: chosen })}
        error={errorOf("permissions")}
      />
    </>
  );
}
