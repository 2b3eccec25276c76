"""What a handler says in a refusal is any text; what is written into a header is not."""

import pytest
from pamqp.header import ContentHeader

from amphibus.messages.cloudevents import LONGEST_DETAIL
from amphibus.messages.envelope import Reply
from amphibus.transports.rabbitmq.properties import Arrival, properties_of_reply, reply_of


@pytest.mark.parametrize("text", ["caf\udce9.txt", "a \0 b", "x" * 100_000])
def test_a_reply_can_be_sent_whatever_its_handler_said(text: str) -> None:
    """One that cannot be written is never sent, and who asked waits until the time is over."""
    properties = properties_of_reply(Reply("refused", code=text, detail=text), correlation="1")

    frame = ContentHeader(body_size=0, properties=properties).marshal()

    assert b"\0 b" not in frame
    assert len(frame) < 10_000


def test_a_reply_that_arrives_is_cleaned_whoever_wrote_it() -> None:
    """It goes into logs, answers and databases of who asked."""
    said = {"ce-outcome": "done", "ce-code": "a \0 b", "ce-detail": "x" * 100_000}

    reply = reply_of(arrival(said))

    assert reply.outcome == "failed"
    assert "\0" not in reply.code
    assert len(reply.detail) <= LONGEST_DETAIL
    assert reply_of(arrival({})).outcome == "failed"
    assert reply_of(arrival({"ce-outcome": "answered"})) == Reply("answered", b"{}")


def arrival(headers: dict[str, str]) -> Arrival:
    return Arrival(b"{}", headers, "m", "reply", "guest", "1", "", "shop.dev.desk.replies")
