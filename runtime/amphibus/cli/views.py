"""The views through which commands look: of the processes while a system runs, else of their databases."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar, cast

from amphibus.admin.acting import OperationAtRest, act_at_rest
from amphibus.admin.stores import AdminStore
from amphibus.admin.views import View, Views, at_rest
from amphibus.cli import options
from amphibus.cli.output import CommandError, Exit, printable
from amphibus.cli.run.running import holder_of
from amphibus.contract import Command, Query, Value
from amphibus.database.answers.table import ACTS
from amphibus.errors import OwnerAway, RequestError, RequestFailed
from amphibus.messages.contracts.amphibus.persons import PersonForgotten
from amphibus.messages.contracts.amphibus.v1 import ErasePerson, ForgetPerson, TracePerson
from amphibus.transports.direct.directory import PeerAddress

if TYPE_CHECKING:
    from amphibus.config.settings import Settings
    from amphibus.contract import Message
    from amphibus.module import Module
    from amphibus.transports.direct.fleet.asking import Fleet

T = TypeVar("T")
AnswerT = TypeVar("AnswerT", bound=Value)
_ANSWER_SECONDS: Final = 5.0
_ABOUT_PERSONS: Final = (TracePerson, ErasePerson, ForgetPerson)


class Running:
    """Asks the processes of a module. Where none of them answers, its database is read, and a line says so."""

    def __init__(
        self, module: str, fleet: "Fleet", addresses: Sequence[PeerAddress], below: View | None
    ) -> None:
        self._module = module
        self._fleet = fleet
        self._addresses = list(addresses)
        self._below = below

    @property
    def answers(self) -> bool:
        """Returns whether a process of it has answered, or may."""
        return bool(self._addresses)

    async def ask(self, query: Query[AnswerT]) -> AnswerT:
        """Asks them one after the other.

        Raises:
            RequestError: none answers, and its database cannot be read from here.
        """
        while self._addresses:
            try:
                return await self._fleet.ask(self._addresses[0], query, seconds=_ANSWER_SECONDS)
            except RequestFailed:
                raise
            except RequestError as error:
                self._left(self._addresses.pop(0), error)
        if self._below is None:
            raise OwnerAway(
                f"no process of {self._module} answers",
                "and its database is none that can be read from here",
                "amphibus ps",
            )
        return await self._below.ask(query)

    def _left(self, address: PeerAddress, error: RequestError) -> None:
        """Says who is asked no more; one that is simply gone is no news, as its database is at rest."""
        if not isinstance(error, OwnerAway):
            place = printable(f"{address.host}:{address.port}")
            print(f"note  {self._module} at {place} does not answer", file=sys.stderr)


def look(given: Path | None, db: str | None, work: Callable[[Views], Awaitable[T]]) -> T:
    """Runs a command's work with the views of all modules whose stores can be reached.

    Raises:
        StoreError: there are none.
        CommandError: there are none in the given folder.
    """
    return look_and_act(given, db, lambda views, _acts: work(views))


class Acts:
    """Has modules do something to their own stores; where nobody hosts one, does it there."""

    def __init__(
        self,
        stores: Mapping[str, AdminStore],
        settings: "Settings",
        fleet: "Fleet | None",
        addresses: Sequence[PeerAddress],
    ) -> None:
        self._stores = stores
        self._settings = settings
        self._fleet = fleet
        self._addresses = addresses
        self._done_here: set[str] = set()

    async def do(self, module: str, wanted: Command[AnswerT]) -> AnswerT:
        """Has it done, and returns what it came to.

        Raises:
            CommandError: there is no such module, or its process is there and cannot be asked.
            RequestError: it does not do it.
        """
        store = options.store_of(module, self._stores)
        for address in self._addresses if self._fleet is not None else ():
            if address.module == module:
                try:
                    assert self._fleet is not None
                    return await self._fleet.ask(address, wanted, seconds=_ANSWER_SECONDS)
                except OwnerAway:
                    continue
        self.refuse_beside_a_process(module)
        declared = _declared(module) if isinstance(wanted, _ABOUT_PERSONS) else None
        if isinstance(wanted, ForgetPerson):
            return cast("AnswerT", await self._forgotten(declared, wanted))
        if type(wanted) not in ACTS:
            raise CommandError(
                f"module {module} does not run",
                "it does that by its own handlers",
                f"amphibus run --module {module}",
                Exit.UNREACHABLE,
            )
        self._done_here.add(module)
        personal = () if declared is None else declared.personal
        return await act_at_rest(store, wanted, _contract_of, personal)

    async def compact(self, module: str) -> bool:
        """Has a store give up the pages that hold what was replaced; returns whether it did."""
        return await self._stores[module].compact()

    async def _forgotten(self, declared: "Module | None", wanted: ForgetPerson) -> PersonForgotten:
        """Has a module's adapters forget a person, where no process of it does."""
        from amphibus.host.containers import make_container
        from amphibus.host.steering.forgetting import forget

        if declared is None or declared.forget is None:
            return PersonForgotten(deleted=0)
        return await forget(declared, make_container(declared, self._settings), wanted)

    def at_rest(self, module: str, operation: str) -> OperationAtRest | None:
        """Returns what goes on with an operation here; None where a process of the module does."""
        if module not in self._done_here:
            return None
        return OperationAtRest(self._stores[module], operation)

    def refuse_beside_a_process(self, module: str) -> None:
        """Refuses to touch the store of a module that somebody hosts.

        Raises:
            CommandError: its process is there.
        """
        settings = self._settings
        holder = None if settings.db_url is not None else holder_of(module, settings.data_dir)
        if holder is not None:
            raise CommandError(
                f"module {module} is hosted by process {holder}, which cannot be asked",
                "its store is changed by it alone while it runs",
                "amphibus ps",
                Exit.UNREACHABLE,
            )


def act(given: Path | None, db: str | None, module: str, wanted: Command[AnswerT]) -> AnswerT:
    """Lets a module do something to its own store; where nobody hosts it, does it there.

    Raises:
        CommandError: there is no such module, or its process is there and cannot be asked.
        RequestError: it does not do it.
    """

    async def work(_views: Views, acts: Acts) -> AnswerT:
        return await acts.do(module, wanted)

    return look_and_act(given, db, work)


def look_and_act(
    given: Path | None, db: str | None, work: Callable[[Views, Acts], Awaitable[T]]
) -> T:
    """Runs a command's work with views of all modules, and with what has them act.

    Raises:
        StoreError: there are none.
        CommandError: there are none in the given folder.
    """
    stores, settings = options.stores(given, db), settings_of(given, db)

    async def both() -> T:
        async with at_rest(stores, _contract_of) as below, found_fleet(settings) as found:
            fleet, addresses = found
            views = _views(below, fleet, addresses)
            return await work(views, Acts(stores, settings, fleet, addresses))

    return asyncio.run(both())


def _declared(module: str) -> "Module | None":
    """Returns the front page of a module of the project; the gateway has none."""
    return options.project().modules.get(module)


def _contract_of(type_: str) -> "type[Message] | None":
    """Returns a contract of the project, which is loaded when the first is asked for."""
    return options.project().contracts.get(type_)


def settings_of(given: Path | None, db: str | None, *, mode: str = "monolith") -> "Settings":
    """Returns the settings with the data that a command was told to look at.

    A folder without a server has the databases too; with one, the files beside them.
    """
    configured = options.settings(mode=mode, db_url=db)
    if given is None:
        return configured
    server = configured.db_url if db is not None else None
    return configured.model_copy(update={"data_dir": given.absolute(), "db_url": server})


def _views(
    below: Views, fleet: "Fleet | None", addresses: Sequence[PeerAddress]
) -> Mapping[str, View]:
    if fleet is None:
        return below
    views = dict(below)
    for module in below:
        here = [each for each in addresses if each.module == module]
        if here:
            views[module] = Running(module, fleet, here, below[module])
    return views


@asynccontextmanager
async def found_fleet(
    settings: "Settings",
) -> AsyncIterator[tuple["Fleet | None", list[PeerAddress]]]:
    """The processes that announce themselves, as far as that can be seen; a directory that is away shows none."""
    from amphibus.cli.places import known_names
    from amphibus.transports.direct.fleet.asking import fleet_of

    fleet = fleet_of(sorted(known_names(options.root())), settings)
    if fleet is None:
        yield None, []
        return
    try:
        try:
            addresses = await fleet.find()
        except Exception:  # noqa: BLE001 - without it the databases are read
            addresses = []
        yield fleet, addresses
    finally:
        await fleet.close()
