"""One hosted module: its database, writer, receiver, relay and clean-up, wired in one place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from amphibus.clock import Clock
from amphibus.config.settings import Settings
from amphibus.contract import Query
from amphibus.database.migrations import upgrade
from amphibus.database.sqlite.store import SqliteStore
from amphibus.database.store import Store
from amphibus.errors import ConfigError, OwnerAway, Refused, RequestFailed, Undeclared
from amphibus.host.retention import Retention
from amphibus.inbox.receiver import Receiver
from amphibus.inbox.scheduler import Scheduler
from amphibus.inbox.services import InboxServices
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_id, next_span
from amphibus.module import Module
from amphibus.outbox.relay import Relay
from amphibus.partitions.assignment import PartitionAssignment, SingleInstance
from amphibus.routing.codec import Codec
from amphibus.routing.project import Project
from amphibus.routing.topology import Topology
from amphibus.telemetry.metrics import Meters
from amphibus.transport import Transport
from amphibus.unit_of_work.crash_journal import CrashJournal
from amphibus.unit_of_work.isolation import Isolation
from amphibus.unit_of_work.writer import Writer

_NUMBERS = (
    "SELECT (SELECT count(*) FROM amphibus_delivery),"
    " (SELECT time FROM amphibus_outbox WHERE seq = (SELECT min(seq) FROM amphibus_delivery)),"
    " (SELECT count(*) FROM amphibus_delayed), (SELECT count(*) FROM amphibus_dead),"
    " (SELECT count(*) FROM amphibus_timer)"
)


@dataclass(frozen=True, slots=True)
class ModuleServices:
    """The services that the modules of one process share."""

    project: Project
    settings: Settings
    topology: Topology
    transport: Transport
    clock: Clock
    journal: CrashJournal
    isolation: Isolation
    meters: Meters


class ModuleHost:
    """One module at work. Begins with `start`, ends with `stop_intake` and `close`."""

    def __init__(
        self, module: Module, around: ModuleServices, *, container: Any | None = None
    ) -> None:
        settings = around.settings
        self.module = module
        self.name = module.name
        self._around = around
        self.container = container if container is not None else make_container(module, settings)
        self.store, self.assignment = open_database(module.name, settings, around.transport.name)
        self.assignment.drain = self._drain_partitions
        self.writer = Writer(
            self.store,
            self.assignment,
            around.isolation,
            batch=settings.bus.batch,
            commit_delay_seconds=settings.bus.commit_delay_seconds
            if around.transport.apart
            else 0.0,
        )
        codec = Codec(module, around.topology)
        self.receiver = Receiver(
            InboxServices(
                module=module,
                store=self.store,
                writer=self.writer,
                codec=codec,
                container=self.container,
                clock=around.clock,
                journal=around.journal,
                isolation=around.isolation,
                meters=around.meters,
                settings=settings.bus,
                assignment=self.assignment,
                ask=self._ask,
            )
        )
        self.due = Scheduler(
            module,
            store=self.store,
            assignment=self.assignment,
            receiver=self.receiver,
            clock=around.clock,
            poll_seconds=settings.bus.poll_seconds,
        )
        self.relay = Relay(
            module.name,
            store=self.store,
            assignment=self.assignment,
            writer=self.writer,
            transport=around.transport,
            settings=settings.bus,
        )
        self.retention = Retention(
            module.name,
            writer=self.writer,
            health=self.store.health,
            clock=around.clock,
            settings=settings.retention,
        )

    async def open(self) -> None:
        """Opens the database and brings it up to date.

        Raises:
            StoreError: it cannot be used.
        """
        folder = self._around.project.root / "modules" / self.name / "migrations"
        await self.store.open(lambda store: upgrade(store, folder))
        await self.assignment.start()

    def start(self) -> None:
        """Takes messages and delivers those that wait."""
        self.writer.start()
        self.receiver.on_due = self.due.due_at
        self._around.transport.attach(self.name, self.receiver, self.assignment)
        self._around.meters.watch(self.name, self._numbers)
        self.due.start()
        self.relay.start()
        self.retention.start()

    async def stop_intake(self) -> None:
        """Stops taking and delivering messages."""
        await self._around.transport.detach(self.name)
        await self.due.stop()
        await self.relay.stop()
        await self.retention.stop()

    async def drain(self) -> None:
        """Finishes running work."""
        await self.receiver.drain()

    async def finish(self) -> None:
        """Writes down which messages are safe, once nothing runs anywhere."""
        await self.relay.flush()
        await self.writer.stop()

    async def close(self) -> None:
        """Gives the database back."""
        self._around.meters.unwatch(self.name)
        await self.receiver.abort()
        await self.writer.abort()
        await self.assignment.stop()
        await self.store.close()

    async def idle(self) -> bool:
        """Returns whether nothing is under way, due or undelivered where it can be delivered."""
        return self.receiver.in_flight == 0 and await self.relay.idle() and await self.due.idle()

    async def _drain_partitions(self, partitions: frozenset[int]) -> None:
        """Stops the intake of some partitions, and returns when all work on them is done."""
        await self._around.transport.revoke(self.name, partitions)
        await self.receiver.drain_partitions(partitions)

    async def _ask(self, query: Query[Any], timeout: float, cause: Envelope) -> Any:  # noqa: ASYNC109
        contract = type(query)
        if contract not in self.module.asks:
            raise Undeclared(
                f"{contract.contract_type} is not declared",
                f"the front page of {self.name} lists under asks: "
                f"{', '.join(each.contract_type for each in self.module.asks) or 'nothing'}",
                "add it to asks=(...) in module.py, then: amphibus check --fix",
            )
        envelope = Envelope(
            id=new_id(),
            type=contract.contract_type,
            source=self.name,
            key=query.key_value(),
            time=self._around.clock.now(),
            correlation=cause.correlation,
            causation=cause.id,
            trace=next_span(cause.trace),
            body=query.model_dump_json().encode(),
            reply=True,
        )
        owner = self._around.topology.owners[contract.contract_type]
        reply = await self._around.transport.request(owner, envelope, timeout)
        answer = contract.answer_type()
        if reply.outcome == "answered" and answer is not None:
            return answer.model_validate_json(reply.body)
        if reply.outcome == "refused":
            raise Refused(reply.code, reply.detail)
        if reply.outcome == "unavailable":
            raise OwnerAway(f"module {owner} cannot answer now", reply.detail)
        raise RequestFailed(f"module {owner} failed", reply.detail)

    async def _numbers(self) -> Mapping[str, float]:
        row = await self.store.reader.row(_NUMBERS)
        oldest = row[1] if row else None
        waited = (self._around.clock.now() - oldest) / 1_000_000 if oldest else 0.0
        depth, _, delayed, dead, timers = row or (0, None, 0, 0, 0)
        return {
            "outbox_depth": float(depth),
            "outbox_oldest_seconds": waited,
            "delayed": float(delayed),
            "dead_letters": float(dead),
            "timers": float(timers),
            "in_flight": float(self.receiver.in_flight),
        }


async def all_idle(modules: Sequence[ModuleHost]) -> bool:
    """Returns whether nothing is under way, due or undelivered in any of some modules.

    A server takes time to answer: while one module is asked, another that was asked before may get a message.
    Such a message is a commit.
    """
    before = sum(hosted.writer.commits for hosted in modules)
    for hosted in modules:
        if not await hosted.idle():
            return False
    return before == sum(hosted.writer.commits for hosted in modules)


def open_database(
    name: str, settings: Settings, transport: str
) -> tuple[Store, PartitionAssignment]:
    """Returns the configured store, not connected yet, and this instance's partition assignment."""
    if settings.db_url is None:
        return SqliteStore(name, settings.data_dir), SingleInstance(settings.rabbitmq.partitions)
    from amphibus.database.postgres.store import PostgresStore
    from amphibus.partitions.leases import Leases

    store = PostgresStore(name, settings.db_url.get_secret_value())
    return store, Leases(store, count=settings.rabbitmq.partitions, transport=transport)


def make_container(module: Module, settings: Settings) -> Any | None:
    """Makes the module's container, with its validated settings and the data folder as `config`.

    Raises:
        ConfigError: a setting of the module is unknown or not allowed.
    """
    if module.container is None:
        return None
    config: dict[str, Any] = {"data_dir": str(Path(settings.data_dir))}
    declared: type[BaseModel] | None = getattr(module.container, "settings", None)
    given = dict(settings.modules.get(module.name, {}))
    if declared is not None:
        try:
            config |= declared.model_validate(given).model_dump()
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise ConfigError(
                f"[modules.{module.name}] {where}: {first['msg']}",
                f"its settings are {', '.join(declared.model_fields)}",
                "correct config/amphibus.toml; amphibus config show",
            ) from None
    elif given:
        raise ConfigError(
            f"module {module.name} has no settings, yet [modules.{module.name}] has some",
            f"its container declares no `settings`: {', '.join(given)}",
            "correct config/amphibus.toml",
        )
    container = module.container()
    container.config.from_dict(config)
    return container
