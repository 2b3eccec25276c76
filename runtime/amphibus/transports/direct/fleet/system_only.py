"""The receiving end of a module that takes no work: it answers system contracts, and leaves the rest to others."""

from amphibus.messages.envelope import Envelope, Reply
from amphibus.messages.failure import Failure
from amphibus.messages.system_requests import SYSTEM_REQUESTS
from amphibus.transport import Ack, Inbound, OnOutcome
from amphibus.transports.direct.answering import NotTakenHere


class SystemOnly:
    """Keeps the promise of `Inbound` for requests of the runtime alone."""

    on_reply: OnOutcome

    def __init__(self, inbound: Inbound) -> None:
        self._inbound = inbound

    async def request(self, envelope: Envelope) -> Reply:
        """Answers a system request.

        Raises:
            NotTakenHere: it is another request.
        """
        if envelope.type not in SYSTEM_REQUESTS:
            raise NotTakenHere
        return await self._inbound.request(envelope)

    def take(self, envelope: Envelope, ack: Ack, partition: int | None = None) -> None:
        """Takes nothing: its sender keeps it."""

    def refuse(
        self, envelope: Envelope, failure: Failure, ack: Ack, partition: int | None = None
    ) -> None:
        """Takes nothing, as `take`."""
