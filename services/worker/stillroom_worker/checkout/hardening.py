"""The environment and the settings under which every git of ours runs.

Nothing of the worker's environment is inherited and no configuration file of the machine or of a user is
read; what could start a program (hooks, fsmonitor, credential helpers, lazy fetches, transports) is off.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from stillroom_core.projects.git_address import GitUrl

_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
_FALSE = shutil.which("false", path=_SYSTEM_PATH) or "/bin/false"

# What git's fsck complains about in the old commits of many well-known projects. None of it can hurt a
# reader: these are untidy dates, names and modes. Everything else (`.git`, `..`, bad trees) is refused.
_TOLERATED = (
    "badDate",
    "badDateOverflow",
    "badEmail",
    "badName",
    "badTimezone",
    "missingEmail",
    "missingNameBeforeEmail",
    "missingSpaceBeforeDate",
    "missingSpaceBeforeEmail",
    "missingTaggerEntry",
    "badTagName",
    "multipleAuthors",
    "zeroPaddedDate",
    "zeroPaddedFilemode",
    "badFilemode",
    "gitmodulesParse",
    "gitmodulesUrl",
    "gitmodulesName",
    "gitmodulesPath",
    "gitmodulesUpdate",
)

_ALWAYS = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.symlinks": "false",
    "core.attributesFile": "/dev/null",
    "core.excludesFile": "/dev/null",
    "core.protectHFS": "true",
    "core.protectNTFS": "true",
    "core.bigFileThreshold": "16m",
    "core.packedGitWindowSize": "16m",
    "core.packedGitLimit": "512m",
    "pack.threads": "1",
    "safe.bareRepository": "explicit",
    "submodule.recurse": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "init.templateDir": "",
    "credential.helper": "",
    "log.showSignature": "false",
    "log.mailmap": "false",
    "diff.external": "",
}

_FETCHING = {
    "fetch.recurseSubmodules": "false",
    "transfer.fsckObjects": "true",
    "fetch.fsckObjects": "true",
    "transfer.bundleURI": "false",
    "fetch.bundleURI": "",
    "http.followRedirects": "false",
    "http.sslVerify": "true",
    "http.lowSpeedLimit": "1024",
    "http.lowSpeedTime": "20",
    "http.extraHeader": "",
    "http.cookieFile": "",
    **{f"fetch.fsck.{message}": "ignore" for message in _TOLERATED},
}


def environment(home: Path | None) -> dict[str, str]:
    """Give the environment for git commands that read a mirror: no transport is allowed at all.

    Without a `home` the cell in which the command runs says where that is.
    """
    homes = {"HOME": str(home), "XDG_CONFIG_HOME": str(home)} if home else {}
    return {
        "PATH": _SYSTEM_PATH,
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        **homes,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": _FALSE,
        "SSH_ASKPASS": _FALSE,
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_PROTOCOL_FROM_USER": "0",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_FLUSH": "0",
    }


def server_environment(location: GitUrl, ssh_command: str | None) -> dict[str, str]:
    """Give the environment for the commands that talk to the one server of `location`, from inside a cell."""
    env = environment(None) | {"GIT_ALLOW_PROTOCOL": location.scheme}
    if ssh_command is not None:
        env |= {"GIT_SSH_COMMAND": ssh_command, "GIT_SSH_VARIANT": "ssh"}
    return env


def folder_environment(home: Path) -> dict[str, str]:
    """Give the environment for the commands that fetch from a folder of this machine."""
    # git hands no -c setting to the program at the other end of a local fetch, only this file.
    trust = home / "gitconfig"
    trust.write_text("[safe]\n\tdirectory = *\n[core]\n\tfsmonitor = false\n")
    return environment(home) | {"GIT_ALLOW_PROTOCOL": "file", "GIT_CONFIG_GLOBAL": str(trust)}


def authorities(worker: Mapping[str, str] = os.environ) -> bytes | None:
    """The operator's own certificate bundle: all of the worker's environment that a fetch is given."""
    bundle = worker.get("GIT_SSL_CAINFO") or worker.get("SSL_CERT_FILE")
    return Path(bundle).read_bytes() if bundle else None


def reading_settings() -> list[str]:
    """Give the `-c` arguments of commands that only read a mirror."""
    return _arguments(_ALWAYS | {"protocol.allow": "never"})


def fetching_settings(location: GitUrl, handed_over: Mapping[str, str]) -> list[str]:
    """Give the `-c` arguments of commands that talk to a server; the last ones are how they sign in there."""
    settings = _ALWAYS | _FETCHING
    settings |= {
        "protocol.allow": "never",
        f"protocol.{location.scheme}.allow": "always",
        # The remote's name is in the mirror, its address is not: nothing can fetch by accident.
        "remote.origin.url": location.url,
        **handed_over,
    }
    return _arguments(settings)


def _arguments(settings: Mapping[str, str]) -> list[str]:
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
