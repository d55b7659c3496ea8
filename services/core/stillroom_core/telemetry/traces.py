"""Traces by OpenTelemetry, where the operator gives an address for them (OTEL_EXPORTER_OTLP_ENDPOINT).

Without one nothing is loaded and every span is nothing. What a span says passes the same mask as the logs; it holds
statements as they were written, and never their parameters, a name of a tenant, or the words of an exception.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from stillroom_core.masking import masked, masked_for_logs

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

_ADDRESSES = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_TRACEPARENT = "traceparent"
# https://www.w3.org/TR/trace-context/#traceparent-header, version 00
_FITS = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_LONGEST = 4000  # of one attribute

_provider: "TracerProvider | None" = None


def wanted() -> bool:
    """Whether the operator gave an address for traces."""
    return any(os.environ.get(name) for name in _ADDRESSES)


def begin(service: str) -> None:
    """Sends this process's spans from now on, where they are wanted; calling it again changes nothing.

    Called in the process that makes them: what sends them is a thread, which a fork leaves behind.
    """
    global _provider
    if _provider is not None or not wanted():
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    about = {"service.name": f"stillroom-{service}", "service.version": version("stillroom-core")}
    _provider = TracerProvider(resource=Resource.create(about))
    _provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))


def end() -> None:
    """Sends what is left."""
    global _provider
    if _provider is not None:
        _provider.shutdown()
        _provider = None


def on() -> bool:
    """Whether this process makes spans."""
    return _provider is not None


@contextmanager
def span(name: str, *, server: bool = False, **about: Any) -> Iterator["Span | None"]:
    """A span around a block, below the present one; its attributes are `about`, with `__` for dots.

    An exception marks it as failed by the name of its class alone: its words may be anybody's.
    """
    if _provider is None:
        yield None
        return
    from opentelemetry import trace

    kind = trace.SpanKind.SERVER if server else trace.SpanKind.INTERNAL
    with _tracer().start_as_current_span(
        name, kind=kind, attributes=clean(about), record_exception=False, set_status_on_exception=False
    ) as made:
        try:
            yield made
        except BaseException as failure:
            fail(made, type(failure).__name__)
            raise


def start(name: str, parent: "Span | None", **about: Any) -> "Span":
    """A span that is ended by whoever holds it, below `parent` or the present one; only where `on()`."""
    from opentelemetry import trace

    context = trace.set_span_in_context(parent) if parent is not None else None
    made: Span = _tracer().start_span(name, context=context, attributes=clean(about))
    return made


def fail(made: "Span", why: str) -> None:
    """Marks a span as failed."""
    from opentelemetry.trace import StatusCode

    made.set_status(StatusCode.ERROR, str(_masked(why))[:200])


def clean(about: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes without secrets and of bounded length; None is left out."""
    return {
        name.replace("__", "."): str(_masked(value))[:_LONGEST] if isinstance(value, str) else value
        for name, value in about.items()
        if value is not None
    }


def carried() -> dict[str, str]:
    """The place of the present span, for a message."""
    if _provider is None:
        return {}
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return believed(carrier)


def believed(given: Mapping[Any, Any]) -> dict[str, str]:
    """The place in a trace that somebody gave, where it is one."""
    place = given.get(_TRACEPARENT)
    return {_TRACEPARENT: place} if isinstance(place, str) and _FITS.fullmatch(place) else {}


def below(trail: Mapping[str, str]) -> AbstractContextManager[None]:
    """Until the block ends, spans hang below the place that a message named."""
    return _below(trail) if _provider is not None and _TRACEPARENT in trail else nullcontext()


@contextmanager
def _below(trail: Mapping[str, str]) -> Iterator[None]:
    from opentelemetry import context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    token = context.attach(TraceContextTextMapPropagator().extract({_TRACEPARENT: trail[_TRACEPARENT]}))
    try:
        yield
    finally:
        context.detach(token)


def _tracer() -> Any:
    assert _provider is not None  # noqa: S101 - whoever calls has asked `on()`
    return _provider.get_tracer("stillroom")


def _masked(value: Any) -> Any:
    return masked_for_logs(masked(value))
