"""The views through which commands look: of the processes while a system runs, else of their databases."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from amphibus.admin.stores import AdminStore
from amphibus.admin.views import View, Views, at_rest
from amphibus.cli import options
from amphibus.cli.output import CommandError, Exit
from amphibus.cli.run.running import holder_of
from amphibus.contract import Command, Query, Value
from amphibus.database.answers.table import ACTS
from amphibus.database.answers.table import act as do
from amphibus.errors import OwnerAway, RequestError, RequestFailed
from amphibus.transports.direct.directory import PeerAddress

if TYPE_CHECKING:
    from amphibus.config.settings import Settings
    from amphibus.transports.direct.fleet.asking import Fleet

T = TypeVar("T")
AnswerT = TypeVar("AnswerT", bound=Value)
_ANSWER_SECONDS: Final = 5.0


class Running:
    """Asks the processes of a module. Where none of them answers, its database is read, and a line says so."""

    def __init__(
        self, module: str, fleet: "Fleet", addresses: Sequence[PeerAddress], below: View | None
    ) -> None:
        self._module = module
        self._fleet = fleet
        self._addresses = list(addresses)
        self._below = below

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
            place = f"{address.host}:{address.port}"
            print(f"note  {self._module} at {place} does not answer", file=sys.stderr)


def look(given: Path | None, db: str | None, work: Callable[[Views], Awaitable[T]]) -> T:
    """Runs a command's work with the views of all modules whose stores can be reached.

    Raises:
        StoreError: there are none.
        CommandError: there are none in the given folder.
    """
    stores = options.stores(given, db)
    return asyncio.run(_with_views(stores, settings_of(given, db), work))


def act(given: Path | None, db: str | None, module: str, wanted: Command[AnswerT]) -> AnswerT:
    """Lets a module do something to its own store; where nobody hosts it, does it there.

    Raises:
        CommandError: there is no such module, or its process is there and cannot be asked.
        RequestError: it does not do it.
    """
    stores = options.stores(given, db)
    store = options.store_of(module, stores)
    return asyncio.run(_acted(store, settings_of(given, db), module, wanted))


async def _acted(
    store: AdminStore, settings: "Settings", module: str, wanted: Command[AnswerT]
) -> AnswerT:
    async with found_fleet(settings) as (fleet, addresses):
        for address in addresses if fleet is not None else ():
            if address.module == module:
                try:
                    assert fleet is not None
                    return await fleet.ask(address, wanted, seconds=_ANSWER_SECONDS)
                except OwnerAway:
                    continue
    holder = None if settings.db_url is not None else holder_of(module, settings.data_dir)
    if holder is not None:
        raise CommandError(
            f"module {module} is hosted by process {holder}, which cannot be asked",
            "its store is changed by it alone while it runs",
            "amphibus ps",
            Exit.UNREACHABLE,
        )
    if type(wanted) not in ACTS:
        raise CommandError(
            f"module {module} does not run",
            "it does that by its own handlers",
            f"amphibus run --module {module}",
            Exit.UNREACHABLE,
        )
    async with store.writing() as sql:
        return await do(sql, wanted, await store.now(sql))


def settings_of(given: Path | None, db: str | None, *, mode: str = "monolith") -> "Settings":
    """Returns the settings with the data that a command was told to look at."""
    configured = options.settings(mode=mode, db_url=db)
    if given is None:
        return configured
    return configured.model_copy(update={"data_dir": given.absolute(), "db_url": None})


async def _with_views(
    stores: Mapping[str, AdminStore],
    settings: "Settings",
    work: Callable[[Views], Awaitable[T]],
) -> T:
    async with at_rest(stores) as below, found_fleet(settings) as found:
        fleet, addresses = found
        if fleet is None:
            return await work(below)
        views = dict(below)
        for module in below:
            here = [each for each in addresses if each.module == module]
            if here:
                views[module] = Running(module, fleet, here, below[module])
        return await work(views)


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
