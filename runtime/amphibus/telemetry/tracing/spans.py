"""The spans of one process, by OpenTelemetry's SDK and its semantic conventions for messaging and HTTP.

A message carries the id of its `send` span, so whoever takes it, in whatever process, goes on below that.
In the words of the conventions, a message's type is the destination, and a module that takes it a consumer group.
Nothing of a payload, a key or a path that was asked for stands in a span.
"""

import time
from collections.abc import Coroutine, Sequence
from typing import Any, Final, Protocol, TypeVar

from opentelemetry import trace as api
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from amphibus.errors import Refused
from amphibus.messages.envelope import Envelope, Reply
from amphibus.telemetry.privacy import describe
from amphibus.telemetry.tracing.chosen_ids import ChosenIds
from amphibus.telemetry.tracing.traceparents import context_of, is_sampled, trace_of

T = TypeVar("T")
SYSTEM: Final = "amphibus"
_FAULT: Final = 500


class HasStatus(Protocol):
    """The answer to a request."""

    @property
    def status(self) -> int: ...  # noqa: D102


A = TypeVar("A", bound=HasStatus)


class Spans:
    """Begins and ends spans. A flow that is not sampled gets none, and costs a look at its flag."""

    def __init__(self, provider: TracerProvider, ids: ChosenIds) -> None:
        self._tracer = provider.get_tracer(SYSTEM)
        self._ids = ids

    def begin(
        self,
        name: str,
        kind: SpanKind,
        *,
        within: str,
        identity: str = "",
        at: int | None = None,
        attributes: dict[str, Any] | None = None,
    ) -> Span:
        """Begins a span below another, or a trace where that is empty; `identity` is the trace that names it."""
        if identity:
            named = context_of(identity)
            self._ids.choose(0 if within else named.trace_id, named.span_id)
        parent = api.NonRecordingSpan(context_of(within)) if within else api.INVALID_SPAN
        context = api.set_span_in_context(parent)
        try:
            return self._tracer.start_span(
                name, context, kind, attributes=attributes, start_time=at
            )
        finally:
            self._ids.forget()

    async def serving(
        self, work: Coroutine[Any, Any, A], *, trace: str, parent: str, method: str, route: str
    ) -> A:
        """Accepts a request over HTTP."""
        if not is_sampled(trace):
            return await work
        about = {"http.request.method": method, "http.route": route}
        span = self.begin(
            f"{method} {route}",
            SpanKind.SERVER,
            within=parent if parent[3:35] == trace[3:35] else "",
            identity=trace,
            attributes=about,
        )
        with _current(span):
            answer = await _watched(span, work)
            span.set_attribute("http.response.status_code", answer.status)
            if answer.status >= _FAULT:
                span.set_attribute("error.type", str(answer.status))
                span.set_status(StatusCode.ERROR)
            return answer

    def sent(
        self, leaving: Sequence[tuple[Envelope, tuple[str, ...]]], within: str, began: int
    ) -> None:
        """Tells of messages that are in the outbox now."""
        for envelope, destinations in leaving:
            if is_sampled(envelope.trace):
                self.begin(
                    f"send {envelope.type}",
                    SpanKind.PRODUCER,
                    within=within,
                    identity=envelope.trace,
                    at=began,
                    attributes=about(envelope, "send", "create")
                    | {"amphibus.destinations": destinations},
                ).end()

    def delivered(
        self, envelope: Envelope, destinations: tuple[str, ...], route: str, seconds: float
    ) -> None:
        """Tells of a message that has been safe at its destinations from now on."""
        if is_sampled(envelope.trace):
            self.begin(
                f"deliver {envelope.type}",
                SpanKind.CLIENT,
                within=envelope.trace,
                at=time.time_ns() - int(seconds * 1e9),
                attributes=about(envelope, "deliver", "send")
                | {"amphibus.destinations": destinations, "amphibus.route": route},
            ).end()

    def receive(self, module: str, envelope: Envelope, attempt: int) -> "Received | None":
        """Begins with a message that has come; None where its flow is not sampled."""
        if not is_sampled(envelope.trace):
            return None
        return Received(self, module, envelope, attempt)

    def has_part(self, traces: list[str], trace: str) -> None:
        """Adds a flow to those of a commit, if it is sampled."""
        if is_sampled(trace):
            traces.append(trace)

    def committed(self, traces: Sequence[str], began: int) -> None:
        """Tells of a commit to each of the flows that have a part in it."""
        ended = time.time_ns()
        shared = {"amphibus.commit.units": len(traces)}
        for each in traces:
            span = self.begin("commit", SpanKind.INTERNAL, within=each, at=began, attributes=shared)
            span.end(ended)

    async def requesting(
        self, envelope: Envelope, owner: str, within: str, work: Coroutine[Any, Any, Reply]
    ) -> Reply:
        """Asks another module."""
        if not is_sampled(envelope.trace):
            return await work
        here = api.get_current_span()
        span = self.begin(
            f"request {envelope.type}",
            SpanKind.CLIENT,
            within=trace_of(here) if here.is_recording() else within,
            identity=envelope.trace,
            attributes=about(envelope, "request", "send") | {"amphibus.destinations": (owner,)},
        )
        with _current(span):
            return _told(span, await _watched(span, work))

    async def answering(
        self, module: str, envelope: Envelope, work: Coroutine[Any, Any, Reply]
    ) -> Reply:
        """Answers a query."""
        if not is_sampled(envelope.trace):
            return await work
        span = self.begin(
            f"answer {envelope.type}",
            SpanKind.SERVER,
            within=envelope.trace,
            attributes=about(envelope, "answer", "process", module),
        )
        with _current(span):
            return _told(span, await _watched(span, work))


class Received:
    """The spans of one message in one module: from its arrival until nobody else need keep it."""

    __slots__ = ("_envelope", "_module", "_span", "_spans", "trace", "whole")

    def __init__(self, spans: Spans, module: str, envelope: Envelope, attempt: int) -> None:
        self._spans = spans
        self._module = module
        self._envelope = envelope
        self._span = spans.begin(
            f"receive {envelope.type}",
            SpanKind.CONSUMER,
            within=envelope.trace,
            attributes=about(envelope, "receive", "receive", module)
            | {"amphibus.attempt": attempt},
        )
        self.whole = trace_of(self._span)
        """The trace that names all of it."""
        self.trace = self.whole
        """The trace that names the handler's span, once there is one: what it sends is below that."""

    async def handling(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs the handler."""
        span = self._part("handle", SpanKind.CONSUMER, "process")
        self.trace = trace_of(span)
        with _current(span):
            return await _watched(span, work, self._envelope)

    async def outside(self, work: Coroutine[Any, Any, T]) -> T:
        """Makes the call to the outside."""
        span = self._part("outside", SpanKind.INTERNAL, "process")
        with _current(span):
            return await _watched(span, work, self._envelope)

    def replied(self, reply: Reply) -> None:
        """Tells of the reply that goes back."""
        span = self._part("reply", SpanKind.PRODUCER, "send")
        _told(span, reply)
        span.end()

    def settled(self, outcome: str, reason: str, error: str) -> None:
        """Ends it, with what became of the message; `error` is fit to be shown."""
        self._span.set_attribute("amphibus.outcome", outcome)
        if reason:
            self._span.set_attribute("error.type", reason)
            self._span.set_status(Status(StatusCode.ERROR, error))
        self._span.end()

    def _part(self, name: str, kind: SpanKind, operation: str) -> Span:
        return self._spans.begin(
            f"{name} {self._envelope.type}",
            kind,
            within=self.whole,
            attributes=about(self._envelope, name, operation, self._module),
        )


def about(envelope: Envelope, name: str, operation: str, module: str = "") -> dict[str, Any]:
    """Returns what spans say of a message."""
    said = {
        "messaging.system": SYSTEM,
        "messaging.operation.name": name,
        "messaging.operation.type": operation,
        "messaging.destination.name": envelope.type,
        "messaging.message.id": envelope.id,
        "messaging.message.conversation_id": envelope.correlation,
        "messaging.message.body.size": len(envelope.body),
        "amphibus.source": envelope.source,
    }
    return said | {"messaging.consumer.group.name": module} if module else said


def _current(span: Span) -> Any:
    """Makes a span the one that libraries of OpenTelemetry go on below, and ends it."""
    return api.use_span(
        span, end_on_exit=True, record_exception=False, set_status_on_exception=False
    )


async def _watched(span: Span, work: Coroutine[Any, Any, T], envelope: Envelope | None = None) -> T:
    """Notes how a piece of work fails, in words that are fit to be shown."""
    try:
        return await work
    except Refused as refused:
        span.set_attribute("amphibus.refusal", refused.code)
        raise
    except BaseException as error:
        message = envelope.decoded[0] if envelope is not None and envelope.decoded else None
        span.set_attribute("error.type", type(error).__qualname__)
        span.set_status(Status(StatusCode.ERROR, describe(error, message)))
        raise


def _told(span: Span, reply: Reply) -> Reply:
    """Notes what a reply says: a refusal is an answer, and no failure."""
    span.set_attribute("amphibus.reply", reply.outcome)
    if reply.outcome == "refused":
        span.set_attribute("amphibus.refusal", reply.code)
    elif reply.outcome != "answered":
        span.set_attribute("error.type", reply.outcome)
        span.set_status(StatusCode.ERROR)
    return reply
