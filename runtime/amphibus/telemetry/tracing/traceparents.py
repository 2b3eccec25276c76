"""W3C trace context, as messages carry it, in the words of OpenTelemetry."""

from typing import Final

from opentelemetry.trace import Span, SpanContext, TraceFlags

_SAMPLED: Final = frozenset("13579bdf")
_LENGTH: Final = 55


def is_sampled(trace: str) -> bool:
    """Returns whether whoever began a trace wants its spans: everybody else does as they did."""
    return len(trace) == _LENGTH and trace[-1] in _SAMPLED


def context_of(trace: str) -> SpanContext:
    """Returns the span that a message names as the one which has sent it."""
    return SpanContext(
        int(trace[3:35], 16), int(trace[36:52], 16), is_remote=True, trace_flags=TraceFlags(1)
    )


def trace_of(span: Span) -> str:
    """Returns a span as messages name it."""
    known = span.get_span_context()
    return f"00-{known.trace_id:032x}-{known.span_id:016x}-01"
