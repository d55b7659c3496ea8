"""Domains of e-mail addresses, proven by a TXT record: a provider speaks for addresses of its own domains alone.

Without that proof whoever owns an organization could name a provider of theirs that says it is somebody else.
"""

import re
import secrets
from datetime import timedelta

import dns.asyncresolver
import dns.exception

from stillroom_core.errors import Invalid

_PATIENCE = timedelta(seconds=10)
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
RECORD = "_stillroom"


def normalized_domain(text: str) -> str:
    """One spelling; raises Invalid for what is no domain."""
    try:
        domain = text.strip().rstrip(".").encode("idna").decode().lower()
    except UnicodeError:
        domain = ""
    if not _DOMAIN.fullmatch(domain):
        raise Invalid(
            "bad_domain",
            "This is not the domain of an e-mail address.",
            fix="Enter what stands behind the @, like example.com.",
            fields={"domain": "not a domain"},
        )
    return domain


def new_proof() -> str:
    """What the record must say."""
    return f"stillroom={secrets.token_hex(16)}"


def domain_of(email: str) -> str:
    """What stands behind the @."""
    return email.rpartition("@")[2].lower()


async def is_proven(domain: str, proof: str) -> bool:
    """Whether the TXT record of `_stillroom.<domain>` says so now."""
    try:
        answer = await dns.asyncresolver.resolve(f"{RECORD}.{domain}.", "TXT", lifetime=_PATIENCE.total_seconds())
    except (dns.exception.DNSException, OSError):
        return False
    return any(b"".join(record.strings).decode(errors="replace").strip() == proof for record in answer)
