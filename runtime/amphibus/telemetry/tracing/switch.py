"""The switch of tracing: None while it is off, which is all that a message pays for it then."""

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from amphibus.messages.envelope import Envelope, Reply

if TYPE_CHECKING:
    from amphibus.telemetry.tracing.spans import Spans

spans: "Spans | None" = None
"""The spans of this process, once `setting_up` has switched them on."""


async def asked(
    envelope: Envelope, owner: str, within: str, asking: Coroutine[Any, Any, Reply]
) -> Reply:
    """Asks another module, in a span of its own where that is wanted."""
    if spans is None:
        return await asking
    return await spans.requesting(envelope, owner, within, asking)


def takes_part(traces: list[str], trace: str) -> None:
    """Adds a flow to those that have a part in a commit, where its spans are wanted."""
    if spans is not None:
        spans.has_part(traces, trace)
