"""Version constraints as Poetry writes them (`^1.2`, `~1.2`, `1.2.*`, `a || b`), turned into standard ones."""

from __future__ import annotations

import re

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

Alternatives = tuple[SpecifierSet, ...]


def alternatives(text: str) -> Alternatives:
    """Give the sets of which one must hold. An unreadable constraint gives none: nothing can be said."""
    try:
        return tuple(_one(part) for part in re.split(r"\|\|?", text) if part.strip())
    except (InvalidSpecifier, InvalidVersion, ValueError):
        return ()


def allows(constraint: Alternatives, version: str) -> bool:
    """Tell whether a version satisfies one of the alternatives; no alternatives allow everything."""
    return not constraint or any(one.contains(version, prereleases=True) for one in constraint)


def _one(text: str) -> SpecifierSet:
    words = re.findall(r"(\^|~=|~|===|==|!=|<=|>=|<|>|=)?\s*([^\s,<>=!~^]+)", text)
    return SpecifierSet(",".join(_word(sign, version) for sign, version in words if version != "*"))


def _word(sign: str, version: str) -> str:
    if sign == "^":
        return f">={version},<{_next_caret(version)}"
    if sign == "~":
        return f">={version},<{_next_tilde(version)}"
    if sign in ("", "="):
        return f"=={version}"
    return f"{sign}{version}"


def _next_caret(version: str) -> str:
    release = list(Version(version).release)
    for position, number in enumerate(release):
        if number != 0 or position == len(release) - 1:
            return ".".join(str(n) for n in [*release[:position], number + 1])
    return version


def _next_tilde(version: str) -> str:
    release = Version(version).release
    return f"{release[0]}.{release[1] + 1}" if len(release) > 1 else str(release[0] + 1)


def standard(text: str) -> str:
    """Spell a Poetry constraint in the standard form, for a requirement line; empty: any version."""
    found = alternatives(text)
    return str(found[0]) if len(found) == 1 else ""
