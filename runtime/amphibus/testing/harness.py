"""Runs modules in a test: in memory, with real databases in a temporary folder and a clock that is moved by hand.

async with Harness.of(Path.cwd(), modules=("orders", "inventory")) as shop:
    await shop.send(orders.PlaceOrder(...))
    confirmed = await shop.expect(orders.OrderConfirmed, order_id=order_id)
    await shop.advance(hours=24)
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from amphibus.access.principal import UNKNOWN_PRINCIPAL
from amphibus.admin.inspection import look_into
from amphibus.clock import VirtualClock, clock_of
from amphibus.config.settings import load_settings
from amphibus.contract import Message, Query, Value
from amphibus.database.acting.dead import DEAD
from amphibus.database.delayed import DELAYED
from amphibus.database.envelope_rows import envelope_of
from amphibus.database.inbox import HANDLED
from amphibus.database.later import LATER
from amphibus.database.outbox import SENT
from amphibus.errors import RequestError
from amphibus.gateway.accepted_store import AcceptedStore
from amphibus.host.host import Host
from amphibus.host.live.adjusting import live_settings
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_id, new_trace
from amphibus.routing.project import Project
from amphibus.routing.topology import GATEWAY
from amphibus.testing.failures import NotSeen, failures_in, not_at_rest, started
from amphibus.testing.places import environment, folder_of, transport_of
from amphibus.testing.reads import recorded
from amphibus.transports.registry import MakeTransport

M = TypeVar("M", bound=Message)
AnswerT = TypeVar("AnswerT", bound=Value)
_PATIENCE_SECONDS = 60.0


class Harness:
    """Modules at work. Messages go through the gateway's outbox, as a producer's do."""

    def __init__(self, host: Host, clock: VirtualClock) -> None:
        self.host = host
        self.clock = clock
        self.principal = UNKNOWN_PRINCIPAL
        """Whoever sends and asks here; unknown, as from a gateway that knows of nobody, has all rights."""
        self._acceptance: AcceptedStore = host.accepted_store()

    @classmethod
    @asynccontextmanager
    async def of(
        cls,
        root: Path | Project,
        *,
        modules: tuple[str, ...] = (),
        transport: str | MakeTransport = "memory",
        seed: int = 0,
        data_dir: Path | None = None,
        amqp_url: str | None = None,
        settings: Mapping[str, Any] | None = None,
        containers: Mapping[str, Any] | None = None,
        ahead: timedelta = timedelta(0),
        at: datetime | None = None,
        clock: VirtualClock | None = None,
    ) -> AsyncIterator["Harness"]:
        """Runs modules of a project, all if none is named.

        Args:
            root: the project, or a folder in it.
            modules: which to host; what goes to others waits.
            transport: `memory`; `memory+wire`, which repeats and reorders on purpose; `rabbitmq`;
                `rabbitmq+direct`, whose requests go directly; or what makes one of your own.
            seed: of what `memory+wire` does.
            data_dir: where the databases are; a temporary folder if not given.
            amqp_url: the broker, for `rabbitmq`; each data folder is an environment of its own there.
            settings: flags over the project's configuration, e.g. `{"bus.max_attempts": 2}`, or
                `{"db_url": "postgresql://..."}` for databases on a server instead of files.
            containers: ready-made containers by module, e.g. with a provider overridden.
            ahead: how far its clock is moved from the beginning, e.g. `clock.ahead` of a run before it.
            at: the time at which it begins, with its time zone; now if not given.
            clock: the clock that it lives by, for what shares it; one of its own if not given.
        """
        project = root if isinstance(root, Project) else Project.find(root)
        with folder_of(data_dir) as folder:
            flags: dict[str, Any] = {"data_dir": folder, **(settings or {})}
            if isinstance(transport, str) and transport.startswith("rabbitmq"):
                flags = {"amqp_url": amqp_url, "env": environment(folder), **flags}
            configured = load_settings(project.root, mode="monolith", flags=flags, environ={})
            if clock is None:
                clock = VirtualClock(clock_of(on_a_server=configured.db_url is not None), at)
            if at is None:
                clock.advance(ahead)
            wanted = tuple(modules) or tuple(project.modules)
            names = (*(name for name in wanted if name != GATEWAY), GATEWAY)
            live = live_settings(configured, project, names)
            host = Host(
                project,
                configured,
                names,
                transport=transport_of(transport, clock, seed, project, live.settings),
                clock=clock,
                containers=containers,
                live=live,
            )
            await started(host)
            try:
                with recorded(host):
                    yield cls(host, clock)
            finally:
                await host.stop()

    async def send(self, *messages: Message, message_id: str | None = None) -> str:
        """Puts commands into the gateway's outbox; returns the id of the last. Durable when it returns."""
        identity = ""
        for message in messages:
            identity = message_id or new_id()
            await self._acceptance.accept(
                message,
                message_id=identity,
                key_identity=f"test:{identity}",
                business_identity=None,
                digest=b"",
                stored=True,
                trace=new_trace(),
                location=None,
                principal=self.principal,
            )
            self._acceptance.released(identity)
        return identity

    async def publish(
        self, event: Message, *, source: str | None = None, message_id: str | None = None
    ) -> str:
        """Hands an event to its subscribers as if its owner had said it, for tests of one module alone."""
        contract = type(event)
        envelope = Envelope(
            id=message_id or new_id(),
            type=contract.contract_type,
            source=source or contract.contract_owner,
            key=event.key_value(),
            time=self.clock.now(),
            correlation=new_id(),
            causation=None,
            trace=new_trace(),
            body=event.model_dump_json().encode(),
        )
        await self._deliver(envelope, self.host.topology.destinations(contract))
        return envelope.id

    async def ask(self, query: Query[AnswerT], *, timeout: float = 5.0) -> AnswerT:  # noqa: ASYNC109
        """Asks a query, or a decided command, and returns the answer.

        Raises:
            Refused, RequestError: as the owner's reply says.
        """
        return await self.request(query, timeout=timeout)  # type: ignore[return-value]

    async def request(
        self,
        message: Message,
        *,
        message_id: str | None = None,
        timeout: float = 5.0,  # noqa: ASYNC109
    ) -> Value | None:
        """Asks a decided command; the same `message_id` asked again gets the same reply."""
        identity = message_id or new_id()
        try:
            body = await self._acceptance.request(
                message,
                message_id=identity,
                timeout=timeout,
                trace=new_trace(),
                principal=self.principal,
            )
        except RequestError as error:
            error.add_note(failures_in(self.host).lstrip())
            raise
        answer = type(message).answer_type()
        return None if answer is None or not body else answer.model_validate_json(body)

    async def settle(self) -> None:
        """Waits until nothing is under way. Messages that wait for a retry or a deadline do not count.

        Raises:
            NotSeen: something still is after 20 seconds.
        """
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while not await self.host.idle():
                    await asyncio.sleep(0.001)
        except TimeoutError:
            raise NotSeen(not_at_rest(self.host, _PATIENCE_SECONDS)) from None

    async def advance(self, **duration: float) -> None:
        """Moves the clock, e.g. `advance(hours=24)`, runs whatever is due, and settles.

        It stops at each time of a schedule, as if the modules had run all the while.
        """
        await self.settle()
        end = self.clock.now() + timedelta(**duration) // timedelta(microseconds=1)
        while (due := await self._next_schedule()) is not None and due < end:
            await self._go_on_until(due)
        await self._go_on_until(end)

    async def _next_schedule(self) -> int | None:
        dues = [await each.due.next_schedule() for each in self.host.modules.values()]
        return min((each for each in dues if each is not None), default=None)

    async def _go_on_until(self, moment: int) -> None:
        self.clock.advance(timedelta(microseconds=max(0, moment - self.clock.now())))
        self.host.wake()
        await asyncio.sleep(0)
        await self.settle()

    async def expect(self, contract: type[M], **fields: Any) -> M:
        """Settles, then returns the first event or command of that contract with these fields.

        Raises:
            NotSeen: there is none.
        """
        await self.settle()
        found = self.seen(contract, **fields)
        if not found:
            others = "\n  ".join(
                f"{each.source} {each.type} {each.body.decode()[:200]}" for each in self.outgoing()
            )
            raise NotSeen(
                f"no {contract.contract_type} with {fields}; there were:\n  {others or 'no messages'}"
                f"{failures_in(self.host)}"
            )
        return found[0]

    def seen(self, contract: type[M], **fields: Any) -> list[M]:
        """Returns all messages of that contract that modules have committed to their outboxes, oldest first."""
        messages = [
            contract.model_validate_json(each.body)
            for each in self.outgoing()
            if each.type == contract.contract_type
        ]
        return [
            each
            for each in messages
            if all(getattr(each, name) == value for name, value in fields.items())
        ]

    def outgoing(self) -> list[Envelope]:
        """Returns everything in the outboxes of the hosted modules, oldest first."""
        found: list[Envelope] = []
        for hosted in self.host.modules.values():
            found += map(envelope_of, look_into(hosted.name, self.host.settings, SENT))
        return sorted(found, key=lambda each: each.time)

    def dead(self, module: str) -> list[dict[str, Any]]:
        """The dead letters of a module: id, type, key, reason, error, attempts."""
        return self._rows(module, DEAD)

    def delayed(self, module: str) -> list[dict[str, Any]]:
        """The delayed messages of a module: id, type, key, attempts, due, error."""
        return self._rows(module, DELAYED)

    def later(self, module: str) -> list[dict[str, Any]]:
        """Returns the commands that a module sends later: name, key, due, id, type; the next one first."""
        return self._rows(module, LATER)

    def inbox(self, module: str) -> list[dict[str, Any]]:
        """Returns what a module has handled: id, source, type, key, outcome, attempts, in order."""
        return self._rows(module, HANDLED)

    def _rows(self, module: str, statement: str) -> list[dict[str, Any]]:
        hosted = self.host.modules[module]
        return [dict(row) for row in look_into(hosted.name, self.host.settings, statement)]

    async def _deliver(self, envelope: Envelope, destinations: tuple[str, ...]) -> None:
        transport = self.host.transport
        for route, some in transport.routes(destinations):
            if not transport.is_reachable(route):
                continue
            done = asyncio.Event()
            transport.deliver(some, envelope, done.set)
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await done.wait()
