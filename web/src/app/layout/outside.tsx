import type { ReactNode } from "react";
import { LanguageMenu, ThemeMenu } from "@/features/session/user-menu";
import { useTitle } from "@/ui/use-title";
import { Logo } from "./logo";

interface OutsideProps {
  title: string;
  /** What the tab says, where that is not the title. */
  tab?: string;
  lead?: ReactNode;
  children: ReactNode;
  /** Below the box: where else to go. */
  links?: ReactNode;
  wide?: boolean;
}

/** The frame of the pages for people who are not signed in. */
export function Outside({ title, tab, lead, children, links, wide = false }: OutsideProps) {
  useTitle(tab ?? title);
  return (
    <div className="flex min-h-full flex-col bg-side">
      <div className="flex justify-end gap-0.5 p-3">
        <LanguageMenu signedIn={false} />
        <ThemeMenu signedIn={false} />
      </div>
      <main className={`mx-auto flex w-full flex-1 flex-col px-4 pt-[9vh] pb-24 ${wide ? "max-w-2xl" : "max-w-sm"}`}>
        <div className="mb-6 flex flex-col items-center gap-3 text-center">
          <Logo className="size-10" />
          <div>
            <h1 className="text-xl font-semibold tracking-tight">{title}</h1>
            {lead && <p className="text-muted">{lead}</p>}
          </div>
        </div>
        <div className="rounded-lg border border-line bg-bg p-5">{children}</div>
        {links && <div className="mt-4 flex flex-wrap justify-center gap-x-5 gap-y-2 text-sm [&_a]:text-accent-text [&_a]:underline">{links}</div>}
      </main>
    </div>
  );
}
