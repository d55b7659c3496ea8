"""This host: its settings, its disk, its tools, and how well it isolates jobs."""

import asyncio
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationError

from stillroom_core.settings import Settings, get_settings, parse_sealing_keys
from stillroom_worker.doctor.finding import Finding, ok, warning, wrong
from stillroom_worker.room import prove_isolation
from stillroom_worker.sandbox import SandboxUnavailable

_GIB = 1024**3
_LITTLE, _TOO_LITTLE = 5 * _GIB, 1 * _GIB
_MANY_LETTERS = 12  # of a random secret of 32 bytes even the least lucky one has more different ones
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def look_at_settings() -> tuple[Settings | None, list[Finding]]:
    """The settings, where they can be read; else what is wrong with each, without its value."""
    try:
        settings = get_settings()
    except ValidationError as failure:
        named = {str(error["loc"][0]) if error["loc"] else "settings": error["msg"] for error in failure.errors()}
        remedy = "docs/settings.md describes each; give it as a variable, or as a file in STILLROOM_SECRETS_DIR."
        return None, [wrong(name, message, remedy) for name, message in named.items()]
    return settings, [ok("settings", "complete"), *_keys(settings), _address(settings)]


def _keys(settings: Settings) -> list[Finding]:
    secret = settings.secret_key.get_secret_value()
    found = [
        warning("STILLROOM_SECRET_KEY", "it does not look random", "Make one: openssl rand -base64 48")
        if len(set(secret)) < _MANY_LETTERS
        else ok("STILLROOM_SECRET_KEY", f"{len(secret.encode())} bytes")
    ]
    keys = parse_sealing_keys(settings.sealing_keys.get_secret_value())
    names = [name for name, _ in keys]
    if len(set(names)) < len(names):
        remedy = "Give each key a name of its own: only one of two with the same name can open what it sealed."
        found.append(wrong("STILLROOM_SEALING_KEYS", "two keys have the same name", remedy))
    if any(len(set(key)) < _MANY_LETTERS for _, key in keys):
        remedy = "Make one with `openssl rand -base64 32`, and put it in front."
        found.append(warning("STILLROOM_SEALING_KEYS", "a key does not look random", remedy))
    return found


def _address(settings: Settings) -> Finding:
    url = urlsplit(settings.public_url)
    if url.scheme == "https" or url.hostname in _LOCAL:
        return ok("STILLROOM_PUBLIC_URL", settings.public_url)
    remedy = "Put a proxy with TLS in front, and set https://…: passwords and sessions travel in clear otherwise."
    return warning("STILLROOM_PUBLIC_URL", f"{settings.public_url} is not https", remedy)


def look_at_disk(settings: Settings) -> list[Finding]:
    """The worker's folder: there, writable, and with room."""
    folder = settings.data_dir
    place = next((path for path in (folder, *folder.parents) if path.exists()), Path("/"))
    free = shutil.disk_usage(place).free
    told = f"{free / _GIB:.1f} GiB free at {folder}"
    remedy = "Make room, or move STILLROOM_DATA_DIR elsewhere; it is a cache, and may be emptied while no worker runs."
    if free < _TOO_LITTLE:
        found = wrong("disk", told, remedy)
    else:
        found = warning("disk", told, remedy) if free < _LITTLE else ok("disk", told)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as cause:
        remedy = "Give the folder to the user that runs the worker."
        return [found, wrong("STILLROOM_DATA_DIR", f"cannot be written ({cause.strerror})", remedy)]
    return [found]


def look_at_tools() -> list[Finding]:
    """What a worker runs besides itself."""
    found = []
    why = {
        "git": "a worker fetches projects with it",
        "ssh": "git and the ways to databases behind an SSH server use it",
    }
    for name, package in (("git", "git"), ("ssh", "openssh-client")):
        if shutil.which(name):
            found.append(ok(name, "is there"))
        else:
            remedy = f"Install {package}: {why[name]}."
            found.append((wrong if name == "git" else warning)(name, "is not on PATH", remedy))
    return found


async def look_at_sandbox(settings: Settings) -> list[Finding]:
    """Proves it as a worker does at its start."""
    try:
        async with asyncio.timeout(120):
            level = await prove_isolation(settings)
    except SandboxUnavailable as unavailable:
        return [wrong("isolation", str(unavailable), "deploy/README.md: which setting gives which level.")]
    except (OSError, TimeoutError) as cause:
        return [wrong("isolation", f"could not be tried ({type(cause).__name__})", "Is STILLROOM_DATA_DIR writable?")]
    if level.value == "bare":
        remedy = "Install bubblewrap, or use a kernel with Landlock (6.12): jobs run without any wall."
        return [warning("isolation", "bare: proven is none", remedy)]
    return [ok("isolation", f"{level.value}, at least {settings.sandbox} is asked")]
