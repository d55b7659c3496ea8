import { type Key, useLanguage } from "@/i18n";
import { Name } from "@/ui/name";

/** What a kind has beside its SQL: a language, the labels of an enum, the limits of a sequence. */
export function Facts({ facts }: { facts: Record<string, unknown> }) {
  const { t } = useLanguage();
  return (
    <dl className="grid max-w-2xl grid-cols-[minmax(8rem,auto)_1fr] gap-x-6 px-4 py-3 text-sm">
      {Object.entries(facts).map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="border-b border-line py-1.5 text-muted">{FACTS[name] ? t(FACTS[name]) : name}</dt>
          <dd className="min-w-0 border-b border-line py-1.5 break-words">
            <Value value={value} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Value({ value }: { value: unknown }) {
  const { t } = useLanguage();
  if (typeof value === "boolean") return t(value ? "databases.yes" : "databases.no");
  if (Array.isArray(value))
    return (
      <ul>
        {value.map((one, at) => (
          <li key={at}>
            <Name text={String(one)} className="font-mono" />
          </li>
        ))}
      </ul>
    );
  return <Name text={String(value)} className="font-mono" />;
}

const FACTS: Record<string, Extract<Key, `databases.facts.${string}` | "databases.type">> = {
  language: "databases.facts.language",
  result: "databases.facts.result",
  routine: "databases.facts.routine",
  volatility: "databases.facts.volatility",
  security_definer: "databases.facts.securityDefiner",
  strict: "databases.facts.strict",
  base: "databases.facts.base",
  labels: "databases.facts.labels",
  subtype: "databases.facts.subtype",
  type: "databases.type",
  start: "databases.facts.start",
  increment: "databases.facts.increment",
  minimum: "databases.facts.minimum",
  maximum: "databases.facts.maximum",
  cache: "databases.facts.cache",
  cycle: "databases.facts.cycle",
  owned_by: "databases.facts.ownedBy",
  version: "databases.facts.version",
  offered: "databases.facts.offered",
  members: "databases.facts.members",
  into: "databases.facts.into",
  superuser: "databases.facts.superuser",
  create_role: "databases.facts.createRole",
  create_database: "databases.facts.createDatabase",
  login: "databases.facts.login",
  replication: "databases.facts.replication",
  bypass_row_security: "databases.facts.bypass",
  inherit: "databases.facts.inherit",
  connection_limit: "databases.facts.connectionLimit",
  member_of: "databases.facts.memberOf",
};
