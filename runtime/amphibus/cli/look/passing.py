"""Watches the messages of a fleet: each instance of each module is asked for what passed since the last time."""

import asyncio
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from amphibus.cli.output import printable
from amphibus.errors import RequestError
from amphibus.messages.contracts.amphibus.acting import Operator
from amphibus.messages.contracts.amphibus.passing import MessagesPassed, PassedMessage
from amphibus.messages.contracts.amphibus.v1 import RevealPassed, TapMessages

if TYPE_CHECKING:
    from amphibus.transports.direct.directory import PeerAddress
    from amphibus.transports.direct.fleet.asking import Fleet

_ANSWER_SECONDS: Final = 2.0
Place = tuple[str, str]
"""A module and the process that hosts it."""


class Seen(NamedTuple):
    """A message, and the module that received it."""

    module: str
    message: PassedMessage


class Signed(NamedTuple):
    """An operator who wants to see personal data, and the reason."""

    reason: str
    by: Operator


class Passing:
    """Lives as long as somebody watches; takes in processes that start meanwhile."""

    def __init__(
        self,
        fleet: "Fleet",
        asked: TapMessages,
        modules: Sequence[str] = (),
        signed: Signed | None = None,
    ) -> None:
        self._fleet = fleet
        self._asked = asked
        self._modules = modules
        self._signed = signed
        self._last: dict[Place, int] = {}
        """The last message of each that was looked at."""
        self._silent: set[Place] = set()
        self.missed = 0
        """Messages that passed and are not shown; whoever tells of them sets it back."""

    async def news(self, addresses: Sequence["PeerAddress"]) -> list[Seen]:
        """Asks all at once, and returns what passed since the last time, in the order of its end."""
        asked = [each for each in addresses if not self._modules or each.module in self._modules]
        places = {(each.module, each.instance) for each in asked}
        self._last = {each: last for each, last in self._last.items() if each in places}
        found = await asyncio.gather(*(self._of(each) for each in asked))
        return sorted((seen for some in found for seen in some), key=lambda seen: seen.message.done)

    async def _of(self, address: "PeerAddress") -> list[Seen]:
        place = (address.module, address.instance)
        asked = self._asked.model_copy(update={"after": self._last.get(place, 0)})
        try:
            said = await self._fleet.ask(address, asked, seconds=_ANSWER_SECONDS)
            messages = await self._revealed(address, said)
        except RequestError as error:
            if place not in self._silent:
                self._silent.add(place)
                print(f"note  {address.module}: {printable(error.what)}", file=sys.stderr)
            return []
        self._silent.discard(place)
        self._last[place] = said.last
        self.missed += said.missed
        return [Seen(address.module, each) for each in messages]

    async def _revealed(
        self, address: "PeerAddress", said: MessagesPassed
    ) -> Sequence[PassedMessage]:
        """Returns the messages with their personal data, if it is wanted with a reason."""
        ids = tuple(dict.fromkeys(each.id for each in said.messages if each.masked))
        if self._signed is None or not ids:
            return said.messages
        wanted = RevealPassed(ids=ids, reason=self._signed.reason, by=self._signed.by)
        revealed = await self._fleet.ask(address, wanted, seconds=_ANSWER_SECONDS)
        bodies = {each.id: each.body for each in revealed.payloads}
        return [
            each.model_copy(update={"body": bodies[each.id], "masked": False})
            if each.masked and each.id in bodies
            else each
            for each in said.messages
        ]
