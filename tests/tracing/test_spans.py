"""One span after the other: which is below which, and what it says of an error."""

import asyncio
from collections.abc import Callable
from typing import Annotated

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from amphibus.contract import Command, Personal
from amphibus.errors import Refused
from amphibus.messages.envelope import Envelope, Reply
from amphibus.messages.ids import new_id, new_trace, next_span
from amphibus.telemetry.tracing.chosen_ids import ChosenIds
from amphibus.telemetry.tracing.spans import Spans
from amphibus.telemetry.tracing.traceparents import trace_of

_MAIL = "grace@example.com"


class Greet(Command[None]):
    mail: Annotated[str, Personal("contact", purpose="to greet")]


def _spans() -> tuple[Spans, Callable[[], dict[str, ReadableSpan]]]:
    kept, ids = InMemorySpanExporter(), ChosenIds()
    provider = TracerProvider(id_generator=ids, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    return Spans(provider, ids), lambda: {each.name: each for each in kept.get_finished_spans()}


def _envelope(trace: str) -> Envelope:
    return Envelope(
        id=new_id(),
        type="a.Greet.v1",
        source="a",
        key=None,
        time=0,
        correlation="c",
        causation=None,
        trace=trace,
        body=b"{}",
        decoded=[Greet(mail=_MAIL)],
    )


def _sampled() -> str:
    return f"{new_trace()[:53]}01"


async def _fails(error: BaseException) -> None:
    raise error


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("error", "failed"),
    [(ValueError(f"no such mailbox: {_MAIL}"), True), (Refused("unknown", _MAIL), False)],
)
async def test_an_error_is_told_without_personal_data_and_a_refusal_is_none(
    error: BaseException, failed: bool
) -> None:
    spans, told = _spans()
    received = spans.receive("a", _envelope(_sampled()), 1)
    assert received is not None
    with pytest.raises(type(error)):
        await received.handling(_fails(error))
    span = told()["handle a.Greet.v1"]
    assert (not span.status.is_ok and span.status.description is not None) is failed
    assert span.events == ()
    assert _MAIL not in span.to_json()


@pytest.mark.asyncio
async def test_a_message_goes_on_below_the_span_that_sends_it() -> None:
    spans, told = _spans()
    cause = _sampled()
    sent = _envelope(next_span(cause))
    spans.sent([(sent, ("b",))], cause, 1)
    received = spans.receive("b", sent, 1)
    assert received is not None
    await received.handling(asyncio.sleep(0))
    received.replied(Reply("answered"))
    received.settled("handled", "", "")
    found = told()
    assert trace_of(found["send a.Greet.v1"]) == sent.trace  # type: ignore[arg-type]
    parents = {name: f"{each.parent.span_id:016x}" for name, each in found.items() if each.parent}
    receive = received.whole[36:52]
    assert parents == {
        "send a.Greet.v1": cause[36:52],
        "receive a.Greet.v1": sent.trace[36:52],
        "handle a.Greet.v1": receive,
        "reply a.Greet.v1": receive,
    }


@pytest.mark.asyncio
async def test_a_flow_that_is_not_sampled_leaves_nothing() -> None:
    spans, told = _spans()
    envelope = _envelope(f"{new_trace()[:53]}00")
    spans.sent([(envelope, ("b",))], "", 1)
    spans.delivered(envelope, ("b",), "b", 0.1)
    assert spans.receive("b", envelope, 1) is None
    answered = asyncio.sleep(0, Reply("answered"))
    assert await spans.answering("b", envelope, answered) == Reply("answered")
    assert told() == {}
