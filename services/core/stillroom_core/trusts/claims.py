"""Whether an identity token's claims are those that a trust asks for."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from stillroom_core.errors import Invalid

MOST = 20
_NAME = re.compile(r"[A-Za-z0-9_.:/-]{1,100}")
_LONGEST = 300
# They are judged by themselves, and say nothing of whose pipeline it is.
_NOT_ENOUGH = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti"})


def check_claims(claims: Sequence[Mapping[str, str]]) -> None:
    """Raises Invalid unless they can be read and say whose pipeline is meant."""
    for claim in claims:
        if not _NAME.fullmatch(claim["name"]) or not 1 <= len(claim["pattern"]) <= _LONGEST:
            raise Invalid(
                "bad_claim",
                "This claim cannot be read.",
                detail=claim["name"][:100],
                fix="Give a claim's name, and its value in which * stands for anything.",
                fields={"claims": "not a name and a value"},
            )
    if len({claim["name"] for claim in claims}) != len(claims) or len(claims) > MOST:
        raise Invalid(
            "claims_twice",
            "Each claim is named once, and there are at most 20.",
            fix="Remove what stands there twice.",
            fields={"claims": "named twice"},
        )
    if not any(claim["name"] not in _NOT_ENOUGH and claim["pattern"].strip("*") for claim in claims):
        raise Invalid(
            "claims_too_wide",
            "Everybody's pipeline would be trusted.",
            fix="Name the repository (GitHub), the project_path (GitLab), or the sub of yours.",
            fields={"claims": "say whose pipeline"},
        )


def matches(claims: Sequence[Mapping[str, str]], content: Mapping[str, Any]) -> bool:
    """Whether every claim that is asked for is there and fits; * stands for anything, the rest for itself."""
    return all(_fits(claim["pattern"], content.get(claim["name"])) for claim in claims)


def _fits(pattern: str, value: Any) -> bool:
    if isinstance(value, bool):
        value = "true" if value else "false"
    if isinstance(value, int):
        value = str(value)
    if not isinstance(value, str) or len(value) > 2000:
        return False
    parts = pattern.split("*")
    if len(parts) == 1:
        return value == pattern
    # Without regular expressions: no pattern can be made to take long.
    if not value.startswith(parts[0]) or not value.endswith(parts[-1]):
        return False
    at, end = len(parts[0]), len(value) - len(parts[-1])
    for part in parts[1:-1]:
        found = value.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return at <= end
