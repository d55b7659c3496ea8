/** A session that ended in the middle of work: signed in again over the page, which keeps all that was typed. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useNavigate } from "react-router";
import { goOn, onSession, sessionIsOver } from "@/api/tokens";
import type { Me } from "@/api/types";
import { OrganizationSignIn } from "@/features/session/organization-sign-in";
import { readMe, signOut, useOptions } from "@/features/session/queries";
import { SignInForm } from "@/features/session/sign-in-form";
import { useLanguage } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";

export function SignInAgain({ me }: { me: Me }) {
  const { t } = useLanguage();
  const client = useQueryClient();
  const navigate = useNavigate();
  const options = useOptions();
  const [over, setOver] = useState(sessionIsOver);
  useEffect(() => onSession((change) => change === "expired" && setOver(true)), []);

  const back = async () => {
    const person = await readMe();
    if (person.id !== me.id) {
      // The page holds what the other one could see and has typed.
      location.reload();
      return;
    }
    goOn();
    setOver(false);
    await client.invalidateQueries();
  };
  return (
    <Dialog
      open={over}
      title={t("session.title")}
      description={t("session.expired")}
      footer={
        <Button variant="quiet" onClick={() => void signOut().then(() => navigate("/sign-in"))}>
          {t("session.leave")}
        </Button>
      }
    >
      <SignInForm email={me.email} onDone={back} />
      {options.data?.sso && <OrganizationSignIn next={location.pathname + location.search} reason={null} />}
    </Dialog>
  );
}
