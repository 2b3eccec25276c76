"""A stand that sells: its contracts in several versions, and processes that run them with a handshake."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from amphibus import Context, Module, on
from amphibus.clock import clock_of
from amphibus.config.settings import load_settings
from amphibus.contract import Command, Event, Personal
from amphibus.host.handshake.admission import handshake_of
from amphibus.host.host import Host
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_id, new_trace
from amphibus.routing.project import Project
from amphibus.testing.conformance.office import until
from amphibus.transports.direct.fleet.door import Door
from amphibus.transports.registry import make

Version = Literal["old", "with note", "needs price", "till left"]


class Sell(Command[None], key="item"):
    """Sells something to somebody."""

    __module__ = "contracts.shelf.v1"
    item: str
    buyer: Annotated[str, Personal("name")] = "Ada Lovelace"


class Sold(Event, key="item"):
    """Something was sold."""

    __module__ = "contracts.shelf.v1"
    item: str


def _in_version(contract: Any, version: Version) -> Any:
    """The contract with one more field: an addition, or one that earlier senders do not write."""
    fields: dict[str, Any] = {"__module__": contract.__module__, "__doc__": contract.__doc__}
    if version == "with note":
        fields |= {"__annotations__": {"note": str}, "note": ""}
    if version == "needs price":
        fields |= {"__annotations__": {"price": int}}
    return type(contract)(contract.__name__, (contract,), fields, key="item")


def stand(folder: Path, version: Version) -> Project:
    """The project in one version, with a folder of code of its own."""
    root = folder / version
    (root / "contracts").mkdir(parents=True, exist_ok=True)
    (root / "contracts" / "shelf.py").write_text(f"# {version}\n")
    sell, sold = _in_version(Sell, version), _in_version(Sold, version)

    async def take(message: Any, context: Context[Any]) -> None:
        if message.item == "broken":
            raise RuntimeError("nobody buys that")
        context.publish(sold.model_construct(item=message.item, price=1, note=""))

    async def ring(message: Any, _: Context[Any]) -> None:
        pass

    shelf = Module(name="shelf", handles=(on(sell, take),), publishes=(sold,))
    subscribes = () if version == "till left" else (on(sold, ring),)
    till = Module(name="till", subscribes=subscribes)
    return Project.declared(root, contracts=(sell, sold), modules=(shelf, till))


class Process:
    """One that starts, or works; its handshake may keep it from work."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.starting = asyncio.create_task(host.start())

    @property
    def works(self) -> bool:
        return self.host.health.ready

    @property
    def why_not(self) -> str:
        return self.host.health.reasons().get("handshake", "")

    async def until_it_works(self) -> None:
        await until(lambda: self.works or self.starting.done())
        assert self.works, self.starting

    async def until_it_waits(self) -> None:
        await until(lambda: bool(self.why_not) or self.starting.done())
        assert self.why_not, self.starting

    def take(self, item: str) -> None:
        """Gives the shelf something to sell, as an older process wrote it."""
        envelope = Envelope(
            id=new_id(),
            type="shelf.Sell.v1",
            source="gateway",
            key=item,
            time=self.host.clock.now(),
            correlation=new_id(),
            causation=None,
            trace=new_trace(),
            body=Sell(item=item).model_dump_json().encode(),
        )
        self.host.modules["shelf"].receiver.take(envelope, lambda: None)


class _Held(Door):
    """A door whose process compares nothing, once it is announced, before it is told to go on."""

    hold: asyncio.Event | None = None

    async def open(self, modules: Any, health: Any) -> None:
        await super().open(modules, health)
        if self.hold is not None:
            await self.hold.wait()


class Street:
    """Where the processes of a stand run beside each other."""

    def __init__(self, folder: Path, db_url: str | None = None) -> None:
        self._folder = folder
        self._db_url = db_url

    @asynccontextmanager
    async def process(
        self,
        version: Version,
        *names: str,
        how: str = "refuse",
        transport: str = "memory",
        hold: asyncio.Event | None = None,
        **settings: Any,
    ) -> AsyncIterator[Process]:
        project = stand(self._folder, version)
        flags = {
            "data_dir": self._folder / "var",
            "db_url": self._db_url,
            "handshake": how,
            "bus.partitions": 2,
            "bus.quick_retries": 0,
            "bus.retry_first_seconds": 3_600,
        }
        configured = load_settings(
            project.root, mode="monolith", flags=flags | settings, environ={}
        )
        clock = clock_of(on_a_server=self._db_url is not None)
        carried = make(transport, project.topology(), configured, clock)
        host = Host(project, configured, names, transport=carried, clock=clock)
        door = _Held(host.topology, configured, clock)
        door.hold = hold
        host.admit = handshake_of(host, door)
        made = Process(host)
        try:
            yield made
        finally:
            made.starting.cancel()
            await asyncio.gather(made.starting, return_exceptions=True)
            await host.stop()
            await door.close()
