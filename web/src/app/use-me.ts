import { useSuspenseQuery } from "@tanstack/react-query";
import { useParams } from "react-router";
import { meQuery } from "@/features/session/queries";
import type { Me, OrganizationOfMe } from "@/api/types";

/** The person who is signed in; the gate has asked before any page that calls this. */
export function useMe(): Me {
  return useSuspenseQuery(meQuery).data;
}

/** The organization that the address names, as the person sees it; undefined for strangers. */
export function useOrganization(): OrganizationOfMe | undefined {
  const { org } = useParams();
  return useMe().organizations.find((one) => one.slug === org);
}
