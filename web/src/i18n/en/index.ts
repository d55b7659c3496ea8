/** English: the base of the dictionary. A key is the noun, a dot, and what the text is for. */
import { approvals } from "./approvals";
import { audit } from "./audit";
import { common } from "./common";
import type { databases } from "./databases";
import { drafts } from "./drafts";
import { environments } from "./environments";
import type { findings } from "./findings";
import { installation } from "./installation";
import { jobs } from "./jobs";
import { masks } from "./masks";
import { migrations } from "./migrations";
import { passkeys } from "./passkeys";
import { people } from "./people";
import { projects } from "./projects";
import { session } from "./session";
import { setups } from "./setups";
import { sso } from "./sso";
import { terminals } from "./terminals";
import { tokens } from "./tokens";
import { webhooks } from "./webhooks";

export const en = { ...common, ...session, ...people, ...passkeys, ...sso, ...projects, ...setups, ...drafts, ...environments, ...masks, ...migrations, ...jobs, ...approvals, ...audit, ...terminals, ...tokens, ...webhooks, ...installation } as const;

/** What only some pages say is loaded with them; see ../parts. */
export type Texts = typeof en & typeof databases & typeof findings;
export type Key = keyof Texts;
