import type { ApprovalRequest } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Chip, type Tone } from "@/ui/chip";

type State = ApprovalRequest["state"];

const TONES: Record<State, Tone> = {
  open: "pending",
  approved: "running",
  started: "applied",
  rejected: "failed",
  withdrawn: "neutral",
  expired: "neutral",
  void: "failed",
};

export function isWaiting(request: Pick<ApprovalRequest, "state">): boolean {
  return request.state === "open" || request.state === "approved";
}

/** Approvals that count; of somebody who has lost the right since, one does not. */
export function given(request: Pick<ApprovalRequest, "decisions">): number {
  return request.decisions.filter((one) => one.verdict === "approve" && one.counts).length;
}

export function RequestStateChip({ request }: { request: ApprovalRequest }) {
  const { t } = useLanguage();
  return (
    <Chip tone={TONES[request.state]}>
      {request.state === "open"
        ? t("approvals.given", { given: given(request), needed: request.needed })
        : t(`approvals.state.${request.state}`)}
    </Chip>
  );
}

/** "Upgrade prod to head": what is asked for, in words. */
export function useRequestTitle(): (request: ApprovalRequest) => string {
  const { t } = useLanguage();
  return (request) => {
    const where = request.environment.name;
    const revision = request.revision ?? "head";
    const target = /^[0-9a-f]{12,}$/.test(revision) ? revision.slice(0, 12) : revision;
    switch (request.kind) {
      case "downgrade":
        return t("approvals.what.downgrade", { where, target });
      case "stamp":
        return t("approvals.what.stamp", { where, target });
      case "command":
        return t("approvals.what.command", { where });
      default:
        return t("approvals.what.upgrade", { where, target });
    }
  };
}

/** Whose approvals are needed: "one administrator or higher, of the group Keepers". */
export function useWhose(): (policy: { approver_role: ApprovalRequest["approver_role"]; approver_group: string | null }) => string {
  const { t } = useLanguage();
  return ({ approver_role, approver_group }) => {
    const role = t(`approvals.role.${approver_role}`);
    return approver_group ? t("approvals.roleInGroup", { role, group: approver_group }) : role;
  };
}
