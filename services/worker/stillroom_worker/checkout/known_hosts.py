"""Host keys that a fetch over ssh accepts: those stored with the credential, else the published ones.

A key is never learned by connecting: whoever stands in between would be learned too.
"""

from __future__ import annotations

from stillroom_worker.checkout.failure import CheckoutFailed

# Published by the hosts themselves; check with `ssh-keygen -lf` against the fingerprints in their manuals.
_PUBLISHED = {
    # SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU
    "github.com": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
    # SHA256:eUXGGm1YGsMAS7vkcx6JOJdOGHPem5gQp4taiCfCLB8
    "gitlab.com": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf",
    # SHA256:ybgmFkzwOSotHTHLJgHO0QN8L0xErw6vd0VhFA9m3SM
    "bitbucket.org": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIazEu89wgQZ4bqs3d63QSMzYVa0MuJ2e2gKTKqu+UUO",
}


def known_hosts_for(host: str, alias: str, stored: str | None) -> str:
    """Give the content of a known_hosts file for one fetch.

    `alias` is the name under which ssh looks the key up: the host, or `[host]:port`.
    Raises CheckoutFailed(host_key) when there is no key for the host at all.
    """
    if stored and stored.strip():
        return stored.replace("\r\n", "\n").strip() + "\n"
    published = _PUBLISHED.get(host.lower())
    if published is None:
        raise CheckoutFailed(
            "host_key",
            "The server's ssh key is not known",
            f"No host key is stored for {alias}.",
            f"Run `ssh-keyscan {host}` where you trust the network, compare the fingerprint with the one "
            "that the server's owner publishes, and store the line with the credential.",
        )
    return f"{alias} {published}\n"
