"""The parts of one hosted module, each made from what it needs of the process."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from amphibus.access.cursors import Cursors
from amphibus.access.refusal_counts import RefusalCounts
from amphibus.access.speakers import Speakers
from amphibus.clock import Clock
from amphibus.config.settings import Settings
from amphibus.database.upkeep.remembered import Remembered
from amphibus.host.readiness import Readiness
from amphibus.host.retention import Retention
from amphibus.host.sending.arrival_question import ArrivalQuestion
from amphibus.host.sending.changeover import Changeover
from amphibus.host.sending.lost_messages import LostMessages
from amphibus.host.sending.receivers_word import ReceiversWord
from amphibus.host.sending.recognition import SenderNotes
from amphibus.host.sending.routes import SenderRoutes
from amphibus.host.steering.limiting import limits_of, policies_of
from amphibus.host.steering.operations import Operations
from amphibus.host.steering.refusals import RefusalNotes
from amphibus.host.stores import assignment_of, open_store
from amphibus.inbox.later import LaterSender
from amphibus.inbox.limits.limits import Limits
from amphibus.inbox.receiver import Receiver
from amphibus.inbox.scheduler import Scheduler
from amphibus.inbox.services import InboxServices
from amphibus.inbox.steering.outcomes import Outcomes
from amphibus.inbox.steering.pause import Pauses
from amphibus.inbox.steering.schedules import Schedules
from amphibus.inbox.steering.tap import Tap
from amphibus.module import Module
from amphibus.outbox.relay import Relay
from amphibus.routing.codec import Codec
from amphibus.routing.project import Project
from amphibus.routing.topology import GATEWAY, Topology
from amphibus.supervision import Supervisor
from amphibus.telemetry.health import Health
from amphibus.telemetry.metrics import Meters
from amphibus.transport import Bypass, Bypassed, Keeping, Transport
from amphibus.transports.one_way import OneWay
from amphibus.unit_of_work.crash_journal import CrashJournal
from amphibus.unit_of_work.isolation import Isolation
from amphibus.unit_of_work.writer import Writer


@dataclass(frozen=True, slots=True)
class ModuleServices:
    """The parts that the modules of one process share."""

    project: Project
    settings: Settings
    topology: Topology
    transport: Transport
    clock: Clock
    journal: CrashJournal
    isolation: Isolation
    meters: Meters
    health: Health
    supervisor: Supervisor


class Wiring:
    """Makes the parts of one module. `store` and `assignment` are what all of them share."""

    def __init__(self, module: Module, around: ModuleServices) -> None:
        self._module = module
        self._around = around
        self._bus = around.settings.bus
        self.policies = policies_of(module, around.settings)
        self.store = open_store(module.name, around.settings, self.policies.longest_timeout)
        self.assignment = assignment_of(
            self.store,
            around.settings,
            transport=around.transport.name,
            supervisor=around.supervisor,
            clock=around.clock,
        )
        self.pauses = Pauses(self.store, around.clock, around.supervisor)
        self.remembered = Remembered(around.settings.retention.dedup_window, around.clock)
        self.routes = SenderRoutes(self.store, self.assignment, around.topology)
        self.cursors = Cursors()
        self.refusals = RefusalCounts()

    def writer(self) -> Writer:
        """The one writer of its database."""
        return Writer(
            self.store,
            self.assignment,
            self._around.isolation,
            self._around.supervisor,
            batch=self._bus.batch,
            commit_delay_seconds=self._commit_delay_seconds,
        )

    def limits(self, writer: Writer) -> Limits:
        """Builds what gives turns to messages of types that are limited."""
        return limits_of(
            self._module,
            self.policies,
            store=self.store,
            assignment=self.assignment,
            writer=writer,
            pauses=self.pauses,
            clock=self._around.clock,
            supervisor=self._around.supervisor,
            most_here=self._bus.outside_concurrency,
        )

    def adjust(self, writer: Writer) -> None:
        """Gives a writer the settings as they are now."""
        writer.adjust(batch=self._bus.batch, commit_delay_seconds=self._commit_delay_seconds)

    @property
    def _commit_delay_seconds(self) -> float:
        return self._bus.commit_delay_seconds if self._around.transport.apart else 0.0

    def receiver(self, writer: Writer, limits: Limits, container: Any | None, ask: Any) -> Receiver:
        """Builds the receiver, which takes messages to handlers; these ask other modules by `ask`."""
        around = self._around
        services = InboxServices(
            module=self._module,
            store=self.store,
            writer=writer,
            codec=Codec(self._module, around.topology),
            container=container,
            clock=around.clock,
            journal=around.journal,
            isolation=around.isolation,
            meters=around.meters,
            settings=self._bus,
            remembered=self.remembered,
            assignment=self.assignment,
            pauses=self.pauses,
            policies=self.policies,
            limits=limits,
            outcomes=Outcomes(around.clock),
            cursors=self.cursors,
            refusals=self.refusals,
            tap=Tap(around.clock),
            speakers=Speakers(frozenset(around.topology.modules), GATEWAY),
            ask=ask,
        )
        return Receiver(services)

    def scheduler(self, receiver: Receiver, writer: Writer) -> Scheduler:
        """Builds the scheduler, which brings delayed messages and timers back and sends what is due."""
        clock = self._around.clock
        return Scheduler(
            self._module,
            store=self.store,
            assignment=self.assignment,
            receiver=receiver,
            later=LaterSender(self.store, writer, self.assignment, clock),
            schedules=Schedules(self._module, self.store, writer, self.assignment, clock),
            clock=clock,
            poll_seconds=self._bus.poll_seconds,
            supervisor=self._around.supervisor,
        )

    def relay(self, writer: Writer) -> Relay:
        """Builds the relay, which takes the outbox to the transport."""
        return Relay(
            self._module.name,
            store=self.store,
            assignment=self.assignment,
            writer=writer,
            transport=self._around.transport,
            settings=self._bus,
            supervisor=self._around.supervisor,
            tell_stalled=partial(self._around.health.degrade, f"outbox:{self._module.name}"),
        )

    def readiness(self, writer: Writer) -> Readiness:
        """Builds what finds out whether the module can do what it promises."""
        name = self._module.name
        return Readiness(
            name,
            writer=writer,
            health=self.store.health,
            assignment=self.assignment,
            tell=partial(self._around.health.tell, f"partitions:{name}"),
            supervisor=self._around.supervisor,
        )

    def retention(self, writer: Writer) -> Retention:
        """Builds what forgets old rows."""
        return Retention(
            self._module.name,
            writer=writer,
            health=self.store.health,
            clock=self._around.clock,
            settings=self._around.settings.retention,
            supervisor=self._around.supervisor,
            word=self._word(writer),
            remembered=self.remembered,
            modules=self._around.topology.modules,
        )

    def operations(self, writer: Writer) -> Operations:
        """Builds what goes on with operations on many dead letters."""
        return Operations(
            self.store,
            writer=writer,
            assignment=self.assignment,
            pauses=self.pauses,
            clock=self._around.clock,
            supervisor=self._around.supervisor,
        )

    def refusal_notes(self, writer: Writer) -> RefusalNotes:
        """Builds what writes refusals into the audit."""
        return RefusalNotes(
            self.store,
            self.refusals,
            writer=writer,
            clock=self._around.clock,
            supervisor=self._around.supervisor,
        )

    def _word(self, writer: Writer) -> ReceiversWord:
        around = self._around
        return ReceiversWord(
            self._module.name,
            store=self.store,
            writer=writer,
            question=self._question(),
            routes=self.routes,
            topology=around.topology,
            clock=around.clock,
            at_once=around.settings.retention.prune_batch,
        )

    def changeover(self, writer: Writer, relay: Relay) -> Changeover | None:
        """Builds what leads its messages past a broker that is away, and knows its own; None where there is none."""
        around, transport = self._around, self._around.transport
        keeping = transport if isinstance(transport, Keeping) else None
        bypass: Bypass
        if isinstance(transport, Bypassed) and around.settings.messages_directly:
            bypass = transport.bypass
        elif keeping is not None:
            bypass = OneWay(keeping.recall)
        else:
            return None
        return Changeover(
            self._module.name,
            store=self.store,
            assignment=self.assignment,
            relay=relay,
            bypass=bypass,
            keeping=keeping,
            lost=self._lost(writer),
            notes=SenderNotes(self.store, writer, self.assignment),
            topology=around.topology,
            meters=around.meters,
            supervisor=around.supervisor,
        )

    def _lost(self, writer: Writer) -> LostMessages:
        around = self._around
        return LostMessages(
            store=self.store,
            assignment=self.assignment,
            writer=writer,
            question=self._question(),
            routes=self.routes,
            clock=around.clock,
        )

    def _question(self) -> ArrivalQuestion:
        around = self._around
        return ArrivalQuestion(
            self._module.name,
            store=self.store,
            transport=around.transport,
            clock=around.clock,
            body_limit=self._bus.body_limit_bytes,
            dedup_window=around.settings.retention.dedup_window,
        )
