import { type Key, useLanguage } from "@/i18n";

export const ORGANIZATION_ROLES = ["member", "admin", "owner"] as const;
export const PROJECT_ROLES = ["viewer", "operator", "maintainer", "admin"] as const;

const NAMES: Record<string, Key> = {
  owner: "members.role.owner",
  admin: "members.role.admin",
  member: "members.role.member",
  viewer: "members.role.viewer",
  operator: "members.role.operator",
  maintainer: "members.role.maintainer",
};

/** A role as people call it. */
export function useRoleName(): (role: string) => string {
  const { t } = useLanguage();
  return (role) => {
    const key = NAMES[role];
    return key ? t(key as "members.role.owner") : role;
  };
}
