/** Where a commit and a file are shown on the web, guessed from the address that git fetches from. */

interface Host {
  base: string;
  kind: "github" | "gitlab" | "gitea" | "bitbucket";
}

function hostOf(gitUrl: string): Host | null {
  // git@host:path, ssh://git@host:22/path and https://host/path name the same place; secrets in it are left out.
  const scp = /^(?:[^@/\s]+@)?([^:/\s]+):(?!\/\/)([^\s]+)$/.exec(gitUrl);
  const url = /^(https?|ssh|git):\/\/(?:[^@/\s]*@)?([^:/\s]+)(?::(\d+))?\/([^\s?#]+)$/.exec(gitUrl);
  const name = (url?.[2] ?? scp?.[1])?.toLowerCase();
  const path = (url?.[4] ?? scp?.[2])?.replace(/^\/+|\/+$/g, "").replace(/\.git$/, "");
  if (!name || !path || !path.includes("/") || !/^[\w-]+(\.[\w-]+)+$/.test(name)) return null;
  // A port of https is the page's, too; a port of ssh is not.
  const web = url?.[1]?.startsWith("http");
  const base = `${url?.[1] === "http" ? "http" : "https"}://${name}${web && url?.[3] ? `:${url[3]}` : ""}/${path.split("/").map(encodeURIComponent).join("/")}`;
  if (/(^|\.)github\./.test(name)) return { base, kind: "github" };
  if (/(^|\.)gitlab\./.test(name)) return { base, kind: "gitlab" };
  if (/(^|\.)bitbucket\.org$/.test(name)) return { base, kind: "bitbucket" };
  // More than two levels are GitLab's groups; nobody else has them.
  if (path.split("/").length > 2) return { base, kind: "gitlab" };
  return /(^|\.)(gitea|forgejo|codeberg|git)\./.test(name) ? { base, kind: "gitea" } : null;
}

const COMMIT = { github: "/commit/", gitlab: "/-/commit/", gitea: "/commit/", bitbucket: "/commits/" };
const FILE = { github: "/blob/", gitlab: "/-/blob/", gitea: "/src/commit/", bitbucket: "/src/" };

export function commitLink(gitUrl: string, sha: string): string | null {
  const host = hostOf(gitUrl);
  return host && `${host.base}${COMMIT[host.kind]}${encodeURIComponent(sha)}`;
}

/** Where the host makes a merge request of a pushed branch; null where the host is not known. */
export function requestLink(gitUrl: string, branch: string, into: string): string | null {
  const host = hostOf(gitUrl);
  if (!host) return null;
  const [from, to] = [encodeURIComponent(branch), encodeURIComponent(into)];
  switch (host.kind) {
    case "gitlab":
      return `${host.base}/-/merge_requests/new?merge_request%5Bsource_branch%5D=${from}&merge_request%5Btarget_branch%5D=${to}`;
    case "bitbucket":
      return `${host.base}/pull-requests/new?source=${from}&dest=${to}`;
    default:
      return `${host.base}/compare/${to}...${from}${host.kind === "github" ? "?expand=1" : ""}`;
  }
}

/** The file as it is in a commit; null where the host is not known. */
export function fileLink(gitUrl: string, sha: string, path: string): string | null {
  const host = hostOf(gitUrl);
  return host && `${host.base}${FILE[host.kind]}${encodeURIComponent(sha)}/${path.split("/").map(encodeURIComponent).join("/")}`;
}
