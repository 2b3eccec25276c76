"""The live processes beside which one starts: each is asked for its contracts, and for forms where they differ."""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from amphibus.contract import Message
from amphibus.errors import OwnerAway, RequestError
from amphibus.host.handshake.comparison import Findings, Misfit, compared, different_types
from amphibus.host.own_contracts import CHECKING, WAITING, OwnContracts
from amphibus.messages.contracts.amphibus.fitting import ContractUse, ProcessContracts
from amphibus.messages.contracts.amphibus.v1 import MOST_FORMS, ShowForms, TellContracts
from amphibus.telemetry.privacy import describe
from amphibus.transports.direct.directory import PeerAddress
from amphibus.transports.direct.fleet.asking import Fleet, one_of_each_process

ANSWER_SECONDS: Final = 1.0
_COMPARE_SECONDS: Final = 10.0


@dataclass(slots=True)
class Here:
    """The starting process as one side of a comparison."""

    own: OwnContracts
    name: str = "here"

    @property
    def modules(self) -> Sequence[str]:
        """The modules that it hosts."""
        return self.own.modules

    @property
    def uses(self) -> Sequence[ContractUse]:
        """The contracts that they write and take."""
        return self.own.uses

    def form(self, type_: str) -> Mapping[str, Any] | None:
        """Returns the form of a contract."""
        return self.own.form(type_)

    def contract(self, type_: str) -> type[Message] | None:
        """Returns its class."""
        return self.own.contract(type_)


@dataclass(slots=True)
class There:
    """Another process, by what it has said."""

    name: str
    said: ProcessContracts
    forms: dict[str, Any] = field(default_factory=dict)

    @property
    def modules(self) -> Sequence[str]:
        """The modules that it hosts."""
        return self.said.modules

    @property
    def uses(self) -> Sequence[ContractUse]:
        """The contracts that they write and take."""
        return self.said.uses

    def form(self, type_: str) -> Mapping[str, Any] | None:
        """Returns the form of a contract, if it was asked for."""
        return self.forms.get(type_)

    def contract(self, _type: str) -> None:
        """Returns nothing: its classes are in another process."""


class LivePeers:
    """Asks the other processes of a system. Lives as long as a handshake."""

    def __init__(self, own: OwnContracts, fleet: Fleet, instance: str) -> None:
        self._own = own
        self._here = Here(own)
        self._fleet = fleet
        self._instance = instance
        self._judged: dict[tuple[str, str], Findings] = {}
        """By instance and digest: what was compared once need not be compared again."""

    async def findings(self, addresses: Iterable[PeerAddress]) -> Findings:
        """Asks all at once; whoever does not answer in time is named."""
        processes = one_of_each_process(addresses)
        processes.pop(self._instance, None)
        found = Findings()
        for each in await asyncio.gather(*(self._one(some) for some in processes.values())):
            found.add(each)
        return found

    async def _one(self, addresses: Sequence[PeerAddress]) -> Findings:
        first = addresses[0]
        name = f"{', '.join(each.module for each in addresses)} at {first.host}:{first.port}"
        try:
            said = await self._ask(first, TellContracts(known=self._own.digest))
            if said.digest == self._own.digest or not self._counts(said, first.instance):
                return Findings()
            return await self._compared(first, name, said)
        except OwnerAway:
            return Findings()  # it was killed, or has just left
        except RequestError as error:
            return Findings(unknown=[f"{name}: {error.why or error.what}"])
        except Exception as error:  # noqa: BLE001 - whatever a peer says hinders no start
            return Findings(unknown=[f"{name}: {describe(error)}"])

    def _counts(self, said: ProcessContracts, instance: str) -> bool:
        """Returns whether it takes work, or began before us: of two that start at once the later one waits."""
        if said.stage == CHECKING:
            return (said.since, instance) < (self._own.since, self._instance)
        return said.stage != WAITING

    async def _ask(self, address: PeerAddress, asked: Any) -> Any:
        asking = self._own.modules[0]
        return await self._fleet.ask(address, asked, seconds=ANSWER_SECONDS, asking=asking)

    async def _compared(self, address: PeerAddress, name: str, said: ProcessContracts) -> Findings:
        mark = (address.instance, said.digest)
        if mark not in self._judged:
            there = There(f"at {address.host}:{address.port} ({', '.join(said.modules)})", said)
            different = await asyncio.to_thread(different_types, self._here, there)
            for begin in range(0, len(different), MOST_FORMS):
                some = tuple(different[begin : begin + MOST_FORMS])
                shown = await self._ask(address, ShowForms(types=some))
                there.forms |= {each["type"]: each for each in map(json.loads, shown.forms)}
            work = asyncio.to_thread(compared, self._here, there, at=name)
            self._judged[mark] = await asyncio.wait_for(work, _COMPARE_SECONDS)
        return self._judged[mark]


def in_words(misfits: Sequence[Misfit], most: int = 3) -> str:
    """Returns some misfits as one line."""
    said = "; ".join(each.line for each in misfits[:most])
    return f"{said}; and {len(misfits) - most} more" if len(misfits) > most else said
