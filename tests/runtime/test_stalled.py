"""A message that left and does not become safe is told, whatever the cause: in the log, and in `/readyz`."""

from structlog.testing import capture_logs

from amphibus.messages.envelope import Envelope
from amphibus.outbox.delivery_queue import DeliveryQueue, OutboxMessage
from amphibus.outbox.stalled import STALLED_SECONDS, StalledRoutes
from amphibus.telemetry.health import Health


def _left(messages: int) -> tuple[DeliveryQueue, list[OutboxMessage]]:
    """A queue of which all messages have left."""
    queue = DeliveryQueue("readers", messages)
    items = [OutboxMessage(each, _envelope(each), ("readers",)) for each in range(messages)]
    queue.begin_reading()
    queue.end_reading(items, settled=set(), complete=True)
    return queue, queue.take_ready()


def _envelope(number: int) -> Envelope:
    return Envelope(
        id=f"m{number}",
        type="desk.Written.v1",
        source="desk",
        key=f"b{number}",
        time=number,
        correlation="flow",
        causation=None,
        trace="",
        body=b"{}",
    )


def test_a_message_that_never_becomes_safe_degrades_its_process_until_it_does() -> None:
    health = Health()
    stalled = StalledRoutes("desk", lambda why: health.degrade("outbox:desk", why))
    queue, (first, second) = _left(2)
    later = first.left + STALLED_SECONDS

    with capture_logs() as said:
        stalled.look([queue], later - 1)
        assert health.degraded == {}
        stalled.look([queue], later + 62)
        stalled.look([queue], later + 63)
        assert health.degraded == {"outbox:desk": "messages of desk wait: 2 for readers (93 s)"}
        queue.settle(first)
        second.left = later + 63
        stalled.look([queue], later + 64)

    assert health.degraded == {}
    assert [each["event"] for each in said] == ["relay.stalled", "relay.resumed"]
