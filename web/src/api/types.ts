/** The API's nouns under the names that the screens use; their shapes come from the OpenAPI document. */
import type { components } from "./schema.gen";

type Schemas = components["schemas"];

/** A proxy between may leave parts out. */
export type ProblemBody = Partial<Schemas["Problem"]> & Pick<Schemas["Problem"], "title" | "status" | "code" | "detail">;
export type Failure = Schemas["ProblemText"];
export type Tokens = Schemas["AccessToken"];
export type Me = Schemas["Me"];
export type OrganizationOfMe = Schemas["OrganizationOfMine"];
export type Commit = Schemas["CommitRead"];
export type Project = Schemas["ProjectRead"];
export type ProjectNew = Schemas["ProjectNew"];
export type ProjectChanges = Schemas["ProjectChanges"];
export type Credential = Schemas["Credential"];
export type Setup = Schemas["SetupRead"];
export type SetupNew = Schemas["SetupNew"];
export type SetupChanges = Schemas["SetupChanges"];
export type Chain = Schemas["ChainRead"];
export type Proposal = Schemas["ProposalRead"];
export type Server = Schemas["ServerRead"];
export type TestRequest = Schemas["TestRequest"];
export type FinishRequest = Schemas["FinishRequest"];
export type Environment = Schemas["EnvironmentRead"];
export type EnvironmentNew = Schemas["EnvironmentNew"];
export type EnvironmentChanges = Schemas["EnvironmentChanges"];
export type Variable = Schemas["Variable"];
export type Option = Schemas["Option"];
export type SecretFile = Schemas["SecretFile"];
export type Database = Schemas["DatabaseRead"];
export type DatabaseNew = Schemas["DatabaseNew"];
export type DatabaseChanges = Schemas["DatabaseChanges"];
export type Catalogue = Schemas["CatalogueRead"];
export type CatalogueItem = Schemas["CatalogueItem"];
export type CatalogueObject = Schemas["ObjectRead"];
export type CatalogueColumn = Schemas["ColumnRead"];
export type History = Schemas["History"];
export type GraphProblem = Schemas["GraphProblem"];
export type Revision = Schemas["RevisionRead"];
/** The client widens tuples to arrays. */
export type RevisionDetail = Omit<Schemas["RevisionWithSource"], "upgrade_lines" | "downgrade_lines"> & {
  upgrade_lines: number[] | null;
  downgrade_lines: number[] | null;
};
export type Current = Schemas["Current"];
export type CurrentEnvironment = Schemas["EnvironmentStanding"];
export type CurrentDatabase = Schemas["DatabaseStanding"];
export type Runs = Schemas["Runs"];
export type RevisionRun = Schemas["RunRead"];
export type Statement = Schemas["StatementRead"];
export type JobBrief = Schemas["JobBrief"];
export type Plan = Schemas["PlanRead"];
export type PlanRequest = Schemas["PlanRequest"];
export type MoveRequest = Schemas["MoveRequest"];
export type Job = Schemas["JobRead"];
export type JobKind = Schemas["JobKind"];
export type JobState = Schemas["JobState"];
export type JobStep = Schemas["StepRead"];
export type StepState = Schemas["StepState"];
export type JobEvent = Schemas["EventRead"];
export type AuditEntry = Schemas["AuditRead"];
export type Token = Schemas["TokenRead"];
export type TokenMade = Schemas["TokenMade"];
export type TokenNew = Schemas["TokenNew"];
export type ServiceAccount = Schemas["AccountRead"];
export type ServiceAccountNew = Schemas["AccountNew"];
