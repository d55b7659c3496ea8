"""As whom PostgreSQL runs: it refuses to be root."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from stillroom_cli.embedded.processes import GUARD, KEEP, CannotStart


@dataclass(frozen=True)
class Identity:
    """`guard` is the word for guard.py; files of the server belong to `uid` and `gid`."""

    guard: str
    uid: int
    gid: int


def choose_identity(folder: Path, data: Path, program: Path) -> Identity:
    """Chooses who runs the server whose files are in `folder` (existing; `data` perhaps not yet).

    An ordinary person: themselves. Root: the owner of existing data, else nobody; where that identity
    cannot enter the folders, root under another number in a user namespace.
    """
    me = os.geteuid()
    owner = data.stat().st_uid if data.exists() else None
    if me != 0:
        if owner is not None and owner != me:
            raise CannotStart(
                f"the databases in {data} belong to {_name(owner)}: start as {_name(owner)}, "
                "or forget them with `make reset` as root"
            )
        return _ordinary(me, folder, program)
    if owner != 0:
        dropped = _dropped(owner)
        if dropped is not None and _runs(dropped.guard, program, folder):
            return dropped
    mapped = Identity(f"map:{_nobody().pw_uid}", 0, 0)
    if owner in (None, 0) and _runs(mapped.guard, program, folder):
        return mapped
    raise CannotStart(
        f"root may not run PostgreSQL, and nobody else may enter {folder}: put the project below folders "
        "that others may enter (chmod o+x), start it as an ordinary user, or give DATABASE_URL"
    )


def _ordinary(me: int, folder: Path, program: Path) -> Identity:
    if _has_name(me):
        return Identity(KEEP, me, os.getegid())
    # Containers like to run under a number without a name; initdb insists on one.
    mapped = Identity(f"map:{_nobody().pw_uid}", me, os.getegid())
    if _runs(mapped.guard, program, folder):
        return mapped
    raise CannotStart(
        f"user {me} has no name here and PostgreSQL needs one: add it to /etc/passwd, "
        "start as another user, or give DATABASE_URL"
    )


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _nobody() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


def _dropped(owner: int | None) -> Identity | None:
    try:
        entry = _nobody() if owner is None else pwd.getpwuid(owner)
    except KeyError:
        return Identity(f"drop:{owner}:{owner}", owner, owner) if owner else None
    return Identity(f"drop:{entry.pw_uid}:{entry.pw_gid}", entry.pw_uid, entry.pw_gid)


def _runs(guard: str, program: Path, folder: Path) -> bool:
    """Whether that identity can enter the folder and run the program: tried, not guessed from modes."""
    base = [sys.executable, "-I", "-S", str(GUARD), str(os.getpid()), "15", guard, "--"]
    script = 'cd "$1" && exec "$2" --version'
    tried = subprocess.run(
        [*base, "/bin/sh", "-c", script, "sh", str(folder), str(program)],
        check=False,
        capture_output=True,
        cwd="/",
        env={"PATH": os.defpath},
    )
    return tried.returncode == 0


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
