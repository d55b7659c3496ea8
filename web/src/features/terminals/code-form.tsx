import { useState } from "react";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Field, Input } from "@/ui/field";

// Eight letters, and a hyphen that nobody needs to type.
const LETTERS = /[^A-Z]/g;
const LENGTH = 8;

function spelled(typed: string): string {
  const letters = typed.toUpperCase().replace(LETTERS, "").slice(0, LENGTH);
  return letters.length > LENGTH / 2 ? `${letters.slice(0, LENGTH / 2)}-${letters.slice(LENGTH / 2)}` : letters;
}

/** For who came without a link: the code is typed from the terminal. */
export function CodeForm({ onCode }: { onCode: (code: string) => void }) {
  const { t } = useLanguage();
  const [typed, setTyped] = useState("");
  const whole = typed.length > LENGTH;
  return (
    <form
      className="flex flex-col gap-4"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (whole) onCode(typed);
      }}
    >
      <Field label={t("terminal.code")} hint={t("terminal.codeHint")}>
        <Input
          name="code"
          mono
          autoFocus
          autoCapitalize="characters"
          className="h-10 text-center text-lg tracking-widest"
          value={typed}
          onChange={(event) => setTyped(spelled(event.target.value))}
        />
      </Field>
      <Button type="submit" variant="primary" size="large" disabled={!whole}>
        {t("terminal.look")}
      </Button>
    </form>
  );
}
