"""Structured logs: JSON for machines, coloured lines for people at a terminal."""

import logging
import sys
from urllib.parse import unquote, urlsplit

import structlog

from stillroom_core.masking import hide_in_logs, masked_for_logs
from stillroom_core.settings import Settings, parse_sealing_keys


def configure_logs(settings: Settings, service: str) -> None:
    """Sends structlog and the standard library's loggers to stderr in one format, without any secret that we know.

    Every line says which service wrote it, and what is bound at the moment: the request, the organization, the job.
    """
    hide_our_own(settings)
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        _written_by(service),
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            # No local variables in tracebacks: they may hold secrets.
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _without_secrets,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):  # it has handlers of its own, which mask nothing
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
    # These tell the addresses that they ask, in which a webhook's secret may stand.
    for name in ("uvicorn.access", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _written_by(service: str) -> structlog.types.Processor:
    def add(_logger: object, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
        event.setdefault("service", service)
        return event

    return add


def _without_secrets(_logger: object, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    masked: structlog.types.EventDict = masked_for_logs(event)
    return masked


def hide_our_own(settings: Settings) -> None:
    """From now on the secrets of these settings are masked in what this process logs."""
    keys = settings.sealing_keys.get_secret_value()
    hide_in_logs(
        settings.secret_key.get_secret_value(),
        *(piece.strip().partition(":")[2] for piece in keys.split(",")),
        *(key.hex() for _, key in parse_sealing_keys(keys)),
        *(
            unquote(urlsplit(url.get_secret_value()).password or "")
            for url in (
                settings.database_url,
                settings.owner_database_url,
                settings.database_replica_url,
                settings.redis_url,
                settings.broker_url,
                settings.smtp_url,
            )
            if url is not None
        ),
    )
