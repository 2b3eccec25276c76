"""A look at the system: every module is asked by the system contracts, and one that is away is said to be."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from amphibus.admin.views import Views
from amphibus.config.settings import Settings
from amphibus.contract import Command, Query, Value
from amphibus.errors import AmphibusError, OwnerAway
from amphibus.messages.contracts.amphibus.answers import (
    FlowFound,
    FlowInModule,
    FlowsInModule,
    HappenedPage,
    LogLines,
)
from amphibus.messages.contracts.amphibus.handled_answers import HandledType
from amphibus.messages.contracts.amphibus.passing import PassedMessage
from amphibus.messages.contracts.amphibus.v1 import (
    CountHandled,
    FindFlow,
    ListHappened,
    ListLines,
    SummarizeFlows,
    TapMessages,
    TellFlow,
)
from amphibus.routing.topology import GATEWAY
from amphibus.transports.direct.directory import PeerAddress
from amphibus.transports.direct.fleet.asking import Fleet, fleet_of, one_of_each_process
from amphibus.transports.direct.fleet.registry import AWAY, SeenProcess, registry

AnswerT = TypeVar("AnswerT", bound=Value)
_SECONDS: Final = 3.0
_NOTHING: Final[Mapping[type[Any], Value]] = {
    TellFlow: FlowInModule(transport="", sent=(), received=()),
    FindFlow: FlowFound(time=None, correlation=""),
    ListHappened: HappenedPage(rows=()),
    SummarizeFlows: FlowsInModule(last={}, messages=()),
}
"""The answers of a module that is away, to what is asked of all modules together."""


class Look:
    """Lives as long as one page is made."""

    def __init__(
        self,
        fleet: Fleet | None,
        addresses: Sequence[PeerAddress],
        modules: Iterable[str],
        below: Views | None = None,
    ) -> None:
        self._fleet = fleet
        self._addresses = addresses
        self.modules = tuple(modules)
        self._below = below or {}
        # Beside a fleet each process is asked in its own name, as by any command.
        self._name = GATEWAY if below is None else None
        self.away: dict[str, str] = {}
        """The modules that did not answer, and why."""

    async def ask(self, module: str, asked: Query[AnswerT] | Command[AnswerT]) -> AnswerT:
        """Asks a module, or has it do something; one instance after the other where nobody is at its address.

        Raises:
            AmphibusError: it does not answer, or will not do it.
        """
        for address in self._addresses if self._fleet is not None else ():
            if address.module == module:
                try:
                    assert self._fleet is not None
                    return await self._fleet.ask(address, asked, seconds=_SECONDS)
                except OwnerAway:
                    continue
        if isinstance(asked, Query) and module in self._below:
            return await self._below[module].ask(asked)
        raise OwnerAway(f"module {module} is away", "no process of it answers", "amphibus ps")

    async def every(self, asked: Query[AnswerT], only: str | None = None) -> dict[str, AnswerT]:
        """Asks all modules at once, or one; those that do not answer are noted as away."""
        names = [each for each in self.modules if only in (None, "", each)]
        found = await asyncio.gather(*(self._patient(each, asked) for each in names))
        return {name: each for name, each in zip(names, found, strict=True) if each is not None}

    async def processes(self, *, contracts: bool = False) -> list[SeenProcess]:
        """Returns every process as it is now, asked in the gateway's name; with its contracts where they matter."""
        if self._fleet is None:
            return [SeenProcess((each,), AWAY) for each in self.modules]
        return await registry(
            self._fleet,
            self._addresses,
            self.modules,
            asking=self._name,
            contracts=contracts,
            seconds=_SECONDS,
        )

    async def handled(self) -> dict[str, tuple[HandledType, ...]]:
        """Returns by instance what each process has handled since it began; nothing of one that does not answer."""
        found = await self._of_each(CountHandled(), asking=self._name)
        return {instance: said.types for instance, (_, said) in found.items()}

    async def lines(self, wanted: ListLines) -> list[tuple[tuple[str, ...], LogLines]]:
        """Returns the log lines of each process, with the modules that it hosts."""
        return list((await self._of_each(wanted)).values())

    async def passed(self, wanted: TapMessages, only: str) -> list[tuple[str, PassedMessage]]:
        """Returns what passed last at every instance of each module, or of one, with the module that received it."""
        found = list[tuple[str, PassedMessage]]()

        async def of(address: PeerAddress) -> None:
            assert self._fleet is not None
            try:
                said = await self._fleet.ask(address, wanted, seconds=_SECONDS)
                found.extend((address.module, each) for each in said.messages)
            except AmphibusError as error:
                self.away.setdefault(address.module, error.why or error.what)

        addresses = self._addresses if self._fleet is not None else ()
        await asyncio.gather(*(of(each) for each in addresses if only in ("", each.module)))
        return found

    async def _of_each(
        self, asked: Query[AnswerT], asking: str | None = None
    ) -> dict[str, tuple[tuple[str, ...], AnswerT]]:
        """Asks every process at once."""
        if self._fleet is None:
            return {}
        fleet, found = self._fleet, dict[str, tuple[tuple[str, ...], AnswerT]]()

        async def of(instance: str, addresses: list[PeerAddress]) -> None:
            modules = tuple(sorted(each.module for each in addresses))
            try:
                said = await fleet.ask(addresses[0], asked, seconds=_SECONDS, asking=asking)
                found[instance] = (modules, said)
            except AmphibusError as error:
                self.away.setdefault(", ".join(modules), error.why or error.what)

        processes = one_of_each_process(self._addresses)
        await asyncio.gather(*(of(*each) for each in processes.items()))
        return found

    @property
    def views(self) -> Views:
        """Returns the modules as what looks at several of them together asks them."""
        return {each: _View(self, each) for each in self.modules}

    async def _patient(self, module: str, asked: Query[AnswerT]) -> AnswerT | None:
        if module in self.away:
            return None  # one that is silent is waited for once a page
        try:
            return await self.ask(module, asked)
        except AmphibusError as error:
            self.away[module] = error.why or error.what
            return None


class _View:
    """One module; what it would have said is left out if it is away."""

    def __init__(self, look: Look, module: str) -> None:
        self._look = look
        self._module = module

    async def ask(self, query: Query[AnswerT]) -> AnswerT:
        nothing = _NOTHING.get(type(query))
        if nothing is None:
            return await self._look.ask(self._module, query)
        if self._module in self._look.away:
            return nothing  # type: ignore[return-value]
        found = (await self._look.every(query, self._module)).get(self._module)
        return nothing if found is None else found  # type: ignore[return-value]


@asynccontextmanager
async def looking(
    modules: Sequence[str], settings: Settings, below: Views | None = None
) -> AsyncIterator[Look]:
    """Finds the processes, and ends the connections to them afterwards.

    Args:
        modules: of the system.
        settings: say where the processes announce themselves.
        below: the stores themselves, which are read where no process answers.
    """
    fleet = fleet_of(modules, settings)
    if fleet is None:
        yield Look(None, (), modules, below)
        return
    try:
        try:
            addresses = await fleet.find()
        except Exception:  # noqa: BLE001 - a directory that is away shows nobody
            addresses = []
        yield Look(fleet, addresses, modules, below)
    finally:
        await fleet.close()
