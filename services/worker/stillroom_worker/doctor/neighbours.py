"""What else is spoken to: the mail server, and the reader."""

import asyncio
from http.client import HTTPException
from urllib.parse import unquote, urlsplit
from urllib.request import ProxyHandler, build_opener

import aiosmtplib

from stillroom_core.settings import Settings
from stillroom_worker.doctor.finding import Finding, ok, warning, wrong

_PATIENCE_S = 10


async def look_at_mail(settings: Settings) -> list[Finding]:
    """Signs in at the mail server as letters do, and sends none."""
    if settings.smtp_url is None:
        if settings.development:
            return [ok("mail", "letters are kept at /outbox (development)")]
        remedy = "Set STILLROOM_SMTP_URL: without it invitations and forgotten passwords reach nobody."
        return [warning("mail", "there is no server for letters", remedy)]
    url = urlsplit(settings.smtp_url.get_secret_value())
    secure = url.scheme == "smtps"
    client = aiosmtplib.SMTP(
        hostname=url.hostname,
        port=url.port or (465 if secure else 587),
        use_tls=secure,
        start_tls=None if secure or not url.password else True,
        timeout=_PATIENCE_S,
    )
    where = f"{url.hostname}:{client.port}"
    try:
        async with client:
            if url.username and url.password:
                await client.login(unquote(url.username), unquote(url.password))
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as cause:
        remedy = "Check host, port, user and password in STILLROOM_SMTP_URL, and that the network lets this host out."
        return [wrong("mail", f"{where} does not take letters from us ({type(cause).__name__})", remedy)]
    return [ok("mail", f"{where} lets us in")]


async def look_at_reader(settings: Settings) -> list[Finding]:
    """Asks whether it lives."""
    try:
        await asyncio.to_thread(_get, f"{settings.reader_url}/livez")
    except (OSError, HTTPException, ValueError) as cause:
        remedy = "Start it (python -m stillroom_worker.reader), or correct STILLROOM_READER_URL. Jobs do not need it."
        return [warning("reader", f"does not answer ({type(cause).__name__})", remedy)]
    return [ok("reader", "answers")]


def _get(url: str) -> None:
    direct = build_opener(ProxyHandler({}))  # the reader stands beside us, never behind a proxy
    direct.open(url, timeout=_PATIENCE_S).close()
