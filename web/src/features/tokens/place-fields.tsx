import { useLanguage } from "@/i18n";
import { Field, Select } from "@/ui/field";

export interface Choice {
  id: string;
  name: string;
}

export interface Place {
  project: string;
  environment: string;
}

interface PlaceFieldsProps {
  value: Place;
  onChange: (value: Place) => void;
  projects: Choice[];
  /** The environments of the chosen project. */
  environments: Choice[];
  /** What choosing no project means. */
  none: string;
}

/** Which project, and which of its environments: all of them where none is chosen. */
export function PlaceFields({ value, onChange, projects, environments, none }: PlaceFieldsProps) {
  const { t } = useLanguage();
  return (
    <>
      <Field label={t("tokens.project")}>
        <Select value={value.project} onChange={(event) => onChange({ project: event.target.value, environment: "" })}>
          <option value="">{none}</option>
          {projects.map((project) => (
            <option key={project.id} value={project.id}>
              {project.name}
            </option>
          ))}
        </Select>
      </Field>
      <Field label={t("tokens.environment")}>
        <Select value={value.environment} disabled={!value.project} onChange={(event) => onChange({ ...value, environment: event.target.value })}>
          <option value="">{t("tokens.allEnvironments")}</option>
          {environments.map((environment) => (
            <option key={environment.id} value={environment.id}>
              {environment.name}
            </option>
          ))}
        </Select>
      </Field>
    </>
  );
}
