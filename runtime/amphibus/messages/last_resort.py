"""The form of an envelope that any database can hold, for the record of a message that cannot be kept as it is."""

from dataclasses import replace

from amphibus.contract.texts import storable
from amphibus.messages.envelope import Envelope


def storable_envelope(envelope: Envelope) -> Envelope:
    """Returns an envelope whose texts are bounded and hold neither NUL nor lone surrogates.

    An operator finds the message by what is left of its id, type and key; its body is unchanged.
    """
    return replace(
        envelope,
        id=storable(envelope.id, 128),
        type=storable(envelope.type, 200),
        source=storable(envelope.source, 128),
        key=None if envelope.key is None else storable(envelope.key, 256),
        time=min(max(envelope.time, -(1 << 62)), 1 << 62),
        correlation=storable(envelope.correlation, 128),
        causation=None if envelope.causation is None else storable(envelope.causation, 128),
        trace=storable(envelope.trace, 128),
        extra={
            storable(name, 64): storable(value, 256)
            for name, value in list(envelope.extra.items())[:32]
        },
        decoded=[],
    )
