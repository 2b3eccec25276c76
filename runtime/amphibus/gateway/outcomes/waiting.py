"""Those who wait over HTTP: how many may, how long, and when they stop."""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Protocol

from amphibus.connections.origin import origin_of
from amphibus.gateway.acceptance import Acceptance
from amphibus.gateway.bindings import RouteBinding
from amphibus.gateway.exchanges import ClientGone, HttpExchange
from amphibus.gateway.outcomes.follower import Followed, Follower
from amphibus.messages.contracts.amphibus.flow_answers import FlowOutcome

_WAIT: Final = re.compile(rb"(?:^|[,;\s])wait\s*=\s*\"?([0-9]{1,6})\"?(?=$|[,;\s])", re.IGNORECASE)


class WaitLimits(Protocol):
    """The settings that waiting is held to."""

    @property
    def waiters(self) -> int: ...  # noqa: D102
    @property
    def waiters_per_client(self) -> int: ...  # noqa: D102
    @property
    def longest_wait_seconds(self) -> float: ...  # noqa: D102


class Waiting:
    """The places of one gateway process. Lives as long as its routes."""

    def __init__(self, acceptance: Acceptance, limits: WaitLimits) -> None:
        self._acceptance = acceptance
        self._limits = limits
        self._follower = Follower(acceptance)
        self._taken: Counter[str] = Counter()
        self._ending = asyncio.Event()

    @property
    def ending(self) -> bool:
        """Returns whether the process stops."""
        return self._ending.is_set()

    @property
    def taken(self) -> int:
        """Returns how many wait."""
        return self._taken.total()

    def end(self) -> None:
        """Lets nobody wait any more: who does is answered as things stand."""
        self._ending.set()

    @contextmanager
    def place(self, client: str) -> Iterator[bool]:
        """Takes a place for a client, and gives it back; False where there is none left."""
        limits, client = self._limits, origin_of(client)
        room = self.taken < limits.waiters and self._taken[client] < limits.waiters_per_client
        if not room or self.ending:
            yield False
            return
        self._taken[client] += 1
        try:
            yield True
        finally:
            self._taken[client] -= 1
            if not self._taken[client]:
                del self._taken[client]

    def seconds(self, exchange: HttpExchange) -> float:
        """Returns how long a request prefers to wait (RFC 7240), as far as it may; 0 if it does not."""
        for value in exchange.header(b"prefer"):
            if (found := _WAIT.search(value)) is not None:
                return min(float(found[1]), self._limits.longest_wait_seconds)
        return 0.0

    async def followed(
        self, creators: Sequence[RouteBinding], exchange: HttpExchange, binding: RouteBinding
    ) -> Followed | None:
        """Returns the flow that what is asked for began with, or None where nobody here knows of one."""
        values = binding.path_values(exchange.parameters)
        for each in creators:
            follows = each.contract.contract_follows
            identity = each.identity(values[str(each.own_id)])
            flow = await self._acceptance.accepted_as(identity) if follows else None
            if flow is not None:
                types = tuple(event.contract_type for event in follows)
                return Followed(each.contract.contract_owner, flow, types)
        return None

    async def outcome(
        self,
        followed: Followed,
        exchange: HttpExchange,
        seconds: float,
        beat: Callable[[], Awaitable[None]] | None = None,
    ) -> FlowOutcome | None:
        """Returns how a flow ended; None if it has not within some seconds, or the process stops.

        With a heartbeat it waits on, and calls that every so many seconds: nobody is asked anew for it.

        Raises:
            ClientGone: nobody waits any more.
        """
        waits = [
            asyncio.ensure_future(each)
            for each in (
                self._follower.outcome(followed),
                exchange.gone(),
                self._ending.wait(),
            )
        ]
        try:
            found, gone, ending = waits
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            while beat is not None and not (found.done() or gone.done() or ending.done()):
                await beat()
                await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if found.done():
                outcome: FlowOutcome = found.result()  # type: ignore[assignment]
                return outcome
            if gone.done():
                raise ClientGone
            return None
        finally:
            for each in waits:
                each.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
