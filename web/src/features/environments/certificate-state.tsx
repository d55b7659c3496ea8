import type { Database } from "@/api/types";
import { useLanguage } from "@/i18n";
import { Chip } from "@/ui/chip";
import { cx } from "@/ui/cx";
import { useNow } from "@/ui/use-now";

type Certificate = Database["client_certificate"];

const DAY_MS = 86_400_000;
const SOON_DAYS = 30;
const URGENT_DAYS = 7;

/** Whole days until it ends; negative once it has. */
function useDaysLeft(certificate: Certificate): number {
  const now = useNow(3_600_000);
  return certificate ? Math.floor((Date.parse(certificate.expires_at) - now) / DAY_MS) : Infinity;
}

/** Of the certificate with which Stillroom signs in: that there is one, that it ends within thirty days, or has ended. */
export function CertificateState({ certificate, warnOnly = false }: { certificate: Certificate; warnOnly?: boolean }) {
  const { t, exact } = useLanguage();
  const days = useDaysLeft(certificate);
  if (!certificate || (warnOnly && days >= SOON_DAYS)) return null;
  const title = t(days < 0 ? "environments.certificateStoredEnded" : "environments.certificateStored", { subject: certificate.subject, until: exact(certificate.expires_at) });
  return (
    <Chip tone={days >= SOON_DAYS ? "neutral" : days < URGENT_DAYS ? "failed" : "pending"} title={title}>
      {days < 0 ? t("environments.certificateEnded") : days < SOON_DAYS ? t("environments.certificateEnds", { count: days }) : t("environments.certificateGiven")}
    </Chip>
  );
}

/** The same in a sentence, where it can be replaced. */
export function CertificateStored({ certificate }: { certificate: NonNullable<Certificate> }) {
  const { t, exact } = useLanguage();
  const ended = useDaysLeft(certificate) < 0;
  return (
    <p className={cx("text-sm break-words", ended ? "text-failed" : "text-muted")}>
      {t(ended ? "environments.certificateStoredEnded" : "environments.certificateStored", { subject: certificate.subject, until: exact(certificate.expires_at) })}
    </p>
  );
}
