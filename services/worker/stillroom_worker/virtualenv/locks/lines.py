"""Requirement lines from the parts of a lock."""

from __future__ import annotations

from collections.abc import Iterable


def pinned(name: str, version: str, *, marker: str = "", hashes: Iterable[str] = ()) -> str:
    """Give the line for a package of an index at one version, with its hashes."""
    line = f"{name}=={version}"
    if marker:
        line += f" ; {marker}"
    return line + "".join(f" --hash={value}" for value in sorted(set(hashes)))


def from_git(name: str, url: str, revision: str, *, folder: str = "", marker: str = "") -> str:
    """Give the line for a package of a git repository at one commit."""
    url = url if url.startswith("git+") else f"git+{url}"
    line = f"{name} @ {url}@{revision}" + (f"#subdirectory={folder}" if folder else "")
    return line + (f" ; {marker}" if marker else "")


def from_url(name: str, url: str, *, marker: str = "") -> str:
    """Give the line for a package at an address."""
    return f"{name} @ {url}" + (f" ; {marker}" if marker else "")
