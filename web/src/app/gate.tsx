/** Lets signed-in people in; the others sign in and come back to where they were. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Navigate, Outlet, useLocation } from "react-router";
import { accessToken, onSession } from "@/api/tokens";
import { useTrouble } from "@/api/use-trouble";
import { meQuery, resumeSession } from "@/features/session/queries";
import { isLocale, useLanguage } from "@/i18n";
import { Failed } from "@/ui/states";
import { isTheme, setTheme, storedTheme } from "@/ui/theme";
import { SignInAgain } from "./sign-in-again";

type Entry = "asking" | "in" | "out" | "failed";

function useEntry(): { entry: Entry; error: unknown; ask: () => void } {
  const [entry, setEntry] = useState<Entry>(accessToken() ? "in" : "asking");
  const [error, setError] = useState<unknown>(null);
  const client = useQueryClient();
  const ask = () => {
    setEntry("asking");
    resumeSession().then(
      (open) => setEntry(open ? "in" : "out"),
      (cause: unknown) => {
        setError(cause);
        setEntry("failed");
      },
    );
  };
  useEffect(() => {
    if (!accessToken()) ask();
    return onSession((change) => {
      // A session that ended by itself leaves the page as it is: see SignInAgain.
      if (change === "expired") return;
      if (change === "out") client.clear();
      setEntry(change);
    });
  }, [client]);
  return { entry, error, ask };
}

export function Gate() {
  const { entry, error, ask } = useEntry();
  const location = useLocation();
  const trouble = useTrouble();
  if (entry === "asking") return <div className="h-full" />;
  if (entry === "failed") return <Failed trouble={trouble(error)} onRetry={ask} />;
  if (entry === "out") {
    const here = location.pathname + location.search + location.hash;
    return <Navigate to={here === "/" ? "/sign-in" : `/sign-in?${new URLSearchParams({ next: here }).toString()}`} replace />;
  }
  return <Known />;
}

/** The person is known before any page is drawn: their language, theme and organizations. */
function Known() {
  const me = useQuery(meQuery);
  const trouble = useTrouble();
  const { setLocale, locale } = useLanguage();
  const theirs = me.data?.locale;
  const theirTheme = me.data?.theme;
  useEffect(() => {
    if (isLocale(theirs) && theirs !== locale) setLocale(theirs);
    // Only when the stored answer arrives, not on every later choice.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [theirs]);
  useEffect(() => {
    if (isTheme(theirTheme) && theirTheme !== "system" && storedTheme() === "system") setTheme(theirTheme);
  }, [theirTheme]);
  if (me.isError) return <Failed trouble={trouble(me.error)} onRetry={() => void me.refetch()} />;
  if (!me.data) return <div className="h-full" />;
  return (
    <>
      <Outlet />
      <SignInAgain me={me.data} />
    </>
  );
}
