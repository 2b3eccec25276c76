"""What a handler says in a refusal is any text; what is written into a header is not."""

import pytest
from pamqp.header import ContentHeader

from amphibus.messages.envelope import Reply
from amphibus.transports.rabbitmq.properties import properties_of_reply


@pytest.mark.parametrize("text", ["caf\udce9.txt", "a \0 b", "x" * 100_000])
def test_a_reply_can_be_sent_whatever_its_handler_said(text: str) -> None:
    """One that cannot be written is never sent, and who asked waits until the time is over."""
    properties = properties_of_reply(Reply("refused", code=text, detail=text), correlation="1")

    frame = ContentHeader(body_size=0, properties=properties).marshal()

    assert b"\0 b" not in frame
    assert len(frame) < 10_000
