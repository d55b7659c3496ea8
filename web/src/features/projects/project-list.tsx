import { FolderGit2 } from "lucide-react";
import type { Project } from "@/api/types";
import { CommitLine } from "./fetch-state";

interface ProjectListProps {
  projects: Project[];
  renderLink: (project: Project, content: React.ReactNode) => React.ReactNode;
  selected: number;
}

export function ProjectList({ projects, renderLink, selected }: ProjectListProps) {
  return (
    <ul className="border-t border-line">
      {projects.map((project, index) => (
        <li
          key={project.id}
          data-selected={index === selected || undefined}
          className="group relative border-b border-line hover:bg-hover data-selected:bg-selected data-selected:shadow-[inset_2px_0_0_var(--accent)]"
        >
          {renderLink(
            project,
            <span className="grid items-center gap-x-4 gap-y-0.5 px-4 py-2.5 md:grid-cols-[minmax(10rem,1fr)_minmax(0,1.4fr)_minmax(0,2fr)]">
              <span className="flex min-w-0 items-center gap-2.5">
                <FolderGit2 aria-hidden className="size-4 shrink-0 text-muted" />
                <span className="truncate font-semibold">{project.name}</span>
              </span>
              <code className="truncate text-xs text-muted">
                {project.git_url}
                {project.subdirectory && ` · ${project.subdirectory}`}
              </code>
              <CommitLine project={project} className="md:justify-end" />
            </span>,
          )}
        </li>
      ))}
    </ul>
  );
}
