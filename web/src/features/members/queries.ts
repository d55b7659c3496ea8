import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";

export type OrganizationRole = "owner" | "admin" | "member";
export type ProjectRole = "viewer" | "operator" | "maintainer" | "admin";

const KEY = "members";

export function useMembers(org: string) {
  return useQuery({
    queryKey: [KEY, org, "list"],
    queryFn: async () => (await unwrap(api.GET("/api/orgs/{org}/members", { params: { path: { org } } }))).items,
  });
}

export function useGroups(org: string) {
  return useQuery({
    queryKey: [KEY, org, "groups"],
    queryFn: async () => (await unwrap(api.GET("/api/orgs/{org}/groups", { params: { path: { org } } }))).items,
  });
}

export function useInvitations(org: string, may: boolean) {
  return useQuery({
    queryKey: [KEY, org, "invitations"],
    queryFn: async () => (await unwrap(api.GET("/api/orgs/{org}/invitations", { params: { path: { org } } }))).items,
    enabled: may,
  });
}

export function useHolders(org: string, project: string) {
  return useQuery({
    queryKey: [KEY, org, "holders", project],
    queryFn: async () => (await unwrap(api.GET("/api/orgs/{org}/projects/{project}/members", { params: { path: { org, project } } }))).items,
  });
}

interface Place {
  person?: string;
  project?: string;
  environment?: string;
}

export function useRights(org: string, { person, project, environment }: Place) {
  const query = {
    ...(person ? { person } : {}),
    ...(project ? { project } : {}),
    ...(project && environment ? { environment } : {}),
  };
  return useQuery({
    queryKey: [KEY, org, "rights", query],
    queryFn: () => unwrap(api.GET("/api/orgs/{org}/rights", { params: { path: { org }, query } })),
  });
}

/** After any change, the members, their groups and roles are asked for anew, and so is what oneself may do. */
function useChange<Value, Answer>(send: (value: Value) => Promise<Answer>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: send,
    onSuccess: () => Promise.all([client.invalidateQueries({ queryKey: [KEY] }), client.invalidateQueries({ queryKey: ["me"] })]),
  });
}

export const useChangeRole = (org: string) =>
  useChange(({ person, role }: { person: string; role: OrganizationRole }) =>
    unwrap(api.PATCH("/api/orgs/{org}/members/{person}", { params: { path: { org, person } }, body: { role } })),
  );

export const useRemoveMember = (org: string) =>
  useChange((person: string) => unwrap(api.DELETE("/api/orgs/{org}/members/{person}", { params: { path: { org, person } } })));

export const useInvite = (org: string) =>
  useChange((body: { email?: string; role: OrganizationRole; groups: string[]; locale: "en" | "ru" }) =>
    unwrap(api.POST("/api/orgs/{org}/invitations", { params: { path: { org } }, body })),
  );

export const useSendAgain = (org: string) =>
  useChange((invitation: string) =>
    unwrap(api.POST("/api/orgs/{org}/invitations/{invitation}/send", { params: { path: { org, invitation } }, body: {} })),
  );

export const useRevoke = (org: string) =>
  useChange((invitation: string) => unwrap(api.DELETE("/api/orgs/{org}/invitations/{invitation}", { params: { path: { org, invitation } } })));

export const useAddGroup = (org: string) =>
  useChange((name: string) => unwrap(api.POST("/api/orgs/{org}/groups", { params: { path: { org } }, body: { name } })));

export const useDeleteGroup = (org: string) =>
  useChange((group: string) => unwrap(api.DELETE("/api/orgs/{org}/groups/{group}", { params: { path: { org, group } } })));

export const useGroupMember = (org: string) =>
  useChange(({ group, person, inside }: { group: string; person: string; inside: boolean }) => {
    const params = { params: { path: { org, group, person } } };
    const path = "/api/orgs/{org}/groups/{group}/members/{person}";
    return inside ? unwrap(api.PUT(path, params)) : unwrap(api.DELETE(path, params));
  });

interface RoleGiven {
  /** person:id or group:id */
  holder: string;
  environment: string | null;
  role: ProjectRole | null;
}

export const useGiveRole = (org: string, project: string) =>
  useChange(({ holder, environment, role }: RoleGiven) => {
    const [kind, id = ""] = holder.split(":");
    const body = { role, ...(environment ? { environment } : {}) };
    return kind === "group"
      ? unwrap(api.PUT("/api/orgs/{org}/projects/{project}/groups/{group}", { params: { path: { org, project, group: id } }, body }))
      : unwrap(api.PUT("/api/orgs/{org}/projects/{project}/members/{person}", { params: { path: { org, project, person: id } }, body }));
  });

export const useRename = (org: string) =>
  useChange((body: { name: string; slug: string }) => unwrap(api.PATCH("/api/orgs/{org}", { params: { path: { org } }, body })));

export function useOrganizationRead(org: string) {
  return useQuery({ queryKey: ["organization", org], queryFn: () => unwrap(api.GET("/api/orgs/{org}", { params: { path: { org } } })) });
}

export function useDemandSecondFactor(org: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (demanded: boolean) => unwrap(api.PUT("/api/orgs/{org}/second-factor", { params: { path: { org } }, body: { demanded } })),
    onSuccess: (changed) => client.setQueryData(["organization", org], changed),
  });
}

export const useTransfer = (org: string) =>
  useChange((body: { person: string; current: string }) => unwrap(api.POST("/api/orgs/{org}/transfer", { params: { path: { org } }, body })));

export const useDeleteOrganization = (org: string) =>
  useChange((body: { slug: string; current: string }) => unwrap(api.POST("/api/orgs/{org}/delete", { params: { path: { org } }, body })));
