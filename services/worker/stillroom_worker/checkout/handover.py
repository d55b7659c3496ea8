"""What hands a credential to git and ssh: files that only the cell of this one command holds.

A secret never stands in an argv or an environment: both can be read by other processes of the machine.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from stillroom_core.projects.git_address import GitUrl
from stillroom_worker.checkout.failure import CheckoutFailed
from stillroom_worker.checkout.known_hosts import known_hosts_for
from stillroom_worker.checkout.repository import Credential
from stillroom_worker.egress.ssh import SSH_OPTIONS
from stillroom_worker.sandbox import Endpoint

# A snippet for the shell that git starts it with; the cell names the folder of its secret files in this variable.
_HELPER = '!f() { test "$1" = get && cat "$STILLROOM_FILES/credential"; }; f'


@dataclass(frozen=True, kw_only=True)
class Handover:
    """What the commands that talk to one server are told: secret files, settings of git, and how to call ssh.

    In values, `{{files}}` is the folder of the files.
    """

    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    settings: Mapping[str, str] = field(default_factory=dict)
    ssh_command: str | None = None


def hand_over(location: GitUrl, credential: Credential | None, way: Endpoint) -> Handover:
    """Decide how git signs in at `location`, which it reaches through `way`.

    Raises CheckoutFailed(auth_refused | host_key) where there is nothing to sign in with, or nobody to recognise.
    """
    if location.scheme == "ssh":
        return _by_key(location, credential, way)
    if location.scheme != "https":
        return Handover()
    settings = {"http.proxy": f"http://{way.host}:{way.port}"}
    if credential is None or not credential.password:
        return Handover(settings=settings)
    place = location.url.removeprefix("https://").partition("/")[0]
    # Tokens of the big hosts go with any user name; an empty one is refused.
    words = f"username={credential.username or 'git'}\npassword={credential.password}\n"
    return Handover(
        files={"credential": words.encode()},
        # Asked for this scheme, host and port alone; a repository's own settings come before it and are emptied.
        settings={**settings, f"credential.https://{place}.helper": _HELPER},
    )


def _by_key(location: GitUrl, credential: Credential | None, way: Endpoint) -> Handover:
    if credential is None or not credential.ssh_private_key:
        raise CheckoutFailed(
            "auth_refused",
            "An ssh address needs a deploy key",
            "The project has no private key stored.",
            "Store a deploy key as the project's credential, or use the https address.",
        )
    alias = location.host if location.port == 22 else f"[{location.host}]:{location.port}"
    # A key pasted from a form often lost its last line end or got Windows ones: ssh then cannot read it.
    key = credential.ssh_private_key.replace("\r\n", "\n").strip() + "\n"
    hosts = known_hosts_for(location.host, alias, credential.known_hosts)
    # The first mention counts for ssh: git's own -p comes later.
    options = [*SSH_OPTIONS, f"HostKeyAlias={alias}", f"HostName={way.host}", f"Port={way.port}"]
    words = ["ssh", "-F", "/dev/null", *(f"-o{option}" for option in options)]
    # Unquoted, for no path of ours needs it.
    command = f"{shlex.join(words)} -oUserKnownHostsFile={{{{files}}}}/known_hosts -i {{{{files}}}}/key"
    return Handover(files={"key": key.encode(), "known_hosts": hosts.encode()}, ssh_command=command)
