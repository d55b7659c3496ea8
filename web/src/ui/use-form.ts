/** A form's values, its sending, and the server's complaints beside the fields that they name. */
import { useState } from "react";

interface Complaints {
  fields: ReadonlyMap<string, string>;
}

function hasFields(error: unknown): error is Complaints {
  return typeof error === "object" && error !== null && (error as Partial<Complaints>).fields instanceof Map;
}

export interface Form<Values> {
  values: Values;
  set: <Name extends keyof Values>(name: Name, value: Values[Name]) => void;
  replace: (values: Values) => void;
  /** The complaint about a field, by the name that the API gives it; gone once the field changes. */
  errorOf: (name: string) => string | undefined;
  error: unknown;
  busy: boolean;
  submit: (event?: { preventDefault: () => void }) => Promise<void>;
}

/** What was typed stays, whatever the server says. */
export function useForm<Values extends object>(initial: Values, send: (values: Values) => Promise<void>): Form<Values> {
  const [values, setValues] = useState(initial);
  const [error, setError] = useState<unknown>(null);
  const [changed, setChanged] = useState<ReadonlySet<string>>(new Set());
  const [busy, setBusy] = useState(false);

  return {
    values,
    set: (name, value) => {
      setValues((before) => ({ ...before, [name]: value }));
      setChanged((before) => new Set(before).add(String(name)));
    },
    replace: setValues,
    errorOf: (name) => {
      if (!hasFields(error) || changed.has(name.split(".")[0] ?? name)) return undefined;
      return error.fields.get(name) ?? error.fields.get(`body.${name}`);
    },
    error,
    busy,
    submit: async (event) => {
      event?.preventDefault();
      if (busy) return;
      setBusy(true);
      setError(null);
      setChanged(new Set());
      try {
        await send(values);
      } catch (cause) {
        setError(cause);
      } finally {
        setBusy(false);
      }
    },
  };
}
