/** Russian: every key of English, with the plural forms that Russian has. */
import type { en } from "../en";
import type { Message } from "../messages";
import { approvals } from "./approvals";
import { audit } from "./audit";
import { common } from "./common";
import { drafts } from "./drafts";
import { environments } from "./environments";
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

const texts: Record<keyof typeof en, Message> = { ...common, ...session, ...people, ...passkeys, ...sso, ...projects, ...setups, ...drafts, ...environments, ...masks, ...migrations, ...jobs, ...approvals, ...audit, ...terminals, ...tokens, ...webhooks, ...installation };

export const ru = texts;
