"""The question to a receiver which of some messages have not arrived there."""

from collections.abc import Iterator, Sequence
from typing import Final

from pydantic import ValidationError

from amphibus.clock import Clock
from amphibus.database.facts import forgotten_before
from amphibus.database.inbox import arrived
from amphibus.database.store import Store
from amphibus.errors import RequestError
from amphibus.messages.contracts.amphibus.answers import NotArrived
from amphibus.messages.contracts.amphibus.v1 import Arrived
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_id, new_trace
from amphibus.transport import Transport

_PATIENCE_SECONDS: Final = 5.0
_AROUND_IDS: Final = 16
_AROUND_AN_ID: Final = 3
"""Bytes of a question beside its ids."""


class ArrivalQuestion:
    """The questions of one sender. It asks itself by its own database."""

    def __init__(
        self,
        module: str,
        *,
        store: Store,
        transport: Transport,
        clock: Clock,
        body_limit: int,
        dedup_window: int,
    ) -> None:
        self._module = module
        self._store = store
        self._transport = transport
        self._clock = clock
        self._body_limit = body_limit
        self._dedup_window = dedup_window
        self._forgotten_before: dict[str, int] = {}
        """By receiver, as it said the last time."""

    @property
    def known_since(self) -> int:
        """The time from which on receivers remember: of an older message, "not arrived" may mean "forgotten"."""
        return self._clock.now() - self._dedup_window

    def known_since_by(self, destination: str) -> int:
        """The same of one receiver that has been asked: it may have forgotten more, and said so."""
        return max(self.known_since, self._forgotten_before.get(destination, 0))

    def pieces(self, ids: Sequence[str]) -> Iterator[Sequence[str]]:
        """Yields the ids in pieces that fit into one question each."""
        room = self._body_limit - _AROUND_IDS
        most = max(1, min(len(ids), room // (max(map(len, ids), default=0) + _AROUND_AN_ID)))
        for begin in range(0, len(ids), most):
            yield ids[begin : begin + most]

    async def ask(self, destination: str, ids: Sequence[str]) -> set[str]:
        """Returns which messages of a piece have not arrived.

        Raises:
            RequestError: it does not answer.
        """
        if destination == self._module:
            self._forgotten_before[destination] = await forgotten_before(self._store.reader)
            return set(ids) - await arrived(self._store.reader, self._module, ids) if ids else set()
        reply = await self._transport.requests.request(
            destination, self._envelope(ids), _PATIENCE_SECONDS
        )
        if reply.outcome != "answered":
            raise RequestError(
                f"module {destination} does not answer {Arrived.contract_type}", reply.detail
            )
        try:
            said = NotArrived.model_validate_json(reply.body)
        except ValidationError as error:
            raise RequestError(
                f"module {destination} answers {Arrived.contract_type} wrongly", str(error)
            ) from None
        self._forgotten_before[destination] = said.forgotten_before
        return set(ids).intersection(said.ids)

    def _envelope(self, ids: Sequence[str]) -> Envelope:
        identity = new_id()
        return Envelope(
            id=identity,
            type=Arrived.contract_type,
            source=self._module,
            key=None,
            time=self._clock.now(),
            correlation=identity,
            causation=None,
            trace=new_trace(),
            body=Arrived(ids=tuple(ids)).model_dump_json().encode(),
            reply=True,
        )
