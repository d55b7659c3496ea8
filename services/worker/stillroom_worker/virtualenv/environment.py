"""The environment in which packages are installed: nothing of the worker's but the operator's way to the index."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from stillroom_core.masking import passwords_in

_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "GIT_SSL_CAINFO")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_UV = (
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_INDEX_STRATEGY",
    "UV_INSECURE_HOST",
    "UV_NATIVE_TLS",
    "UV_SYSTEM_CERTS",
    "UV_HTTP_TIMEOUT",
    "UV_HTTP_RETRIES",
    "UV_OFFLINE",
    "UV_NO_INDEX",
    "UV_CONCURRENT_DOWNLOADS",
    "UV_CONCURRENT_BUILDS",
)
# What an operator set for pip, under the name by which uv knows it.
_PIP = {
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_EXTRA_INDEX_URL": "UV_INDEX",
    "PIP_FIND_LINKS": "UV_FIND_LINKS",
    "PIP_TRUSTED_HOST": "UV_INSECURE_HOST",
}


def tool_environment(cache: Path, work: Path, worker: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Give the environment of uv and of everything that it builds.

    `cache` holds uv's own cache; `work` is the private folder of this installation.
    """
    env = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": str(work / "home"),
        "TMPDIR": str(work / "tmp"),
        "UV_CACHE_DIR": str(cache / "uv"),
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_NO_PROGRESS": "1",
        # Links would give every environment the cache's own files: one written by a job would change all.
        "UV_LINK_MODE": "copy",
        "NO_COLOR": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    for name, uv_name in _PIP.items():
        if value := worker.get(name):
            env[uv_name] = value
    for name in (*_CERTIFICATES, *_UV):
        if value := worker.get(name):
            env[name] = value
    for name in (*_PROXIES, *(name.upper() for name in _PROXIES)):
        if value := worker.get(name):
            env[name] = value
    # Credentials of an index that the operator named: UV_INDEX_<NAME>_USERNAME and _PASSWORD.
    env |= {n: v for n, v in worker.items() if n.startswith("UV_INDEX_") and n.endswith(("_USERNAME", "_PASSWORD"))}
    return env


def passwords_of_operator(env: Mapping[str, str]) -> list[str]:
    """The credentials in it: a build needs them, and whatever it prints is shown to the tenant."""
    in_urls = [password for value in env.values() for password in passwords_in(value)]
    return [*in_urls, *(value for name, value in env.items() if name.endswith("_PASSWORD"))]


def has_own_index(env: Mapping[str, str]) -> bool:
    """Tell whether the operator chose the index: then indexes that a lock names are not asked."""
    return any(env.get(name) for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_NO_INDEX", "UV_OFFLINE"))


def files_of_operator(env: Mapping[str, str]) -> list[Path]:
    """List the local files and folders that the environment points to: certificates, folders of packages."""
    found: list[Path] = []
    for name in (*_CERTIFICATES, "UV_FIND_LINKS", "UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL"):
        for word in env.get(name, "").replace(",", " ").split():
            path = Path(word.removeprefix("file://"))
            if path.is_absolute() and path.exists():
                found.append(path)
    return found
