"""The parts of a module that its inbox works with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from amphibus.access.cursors import Cursors
from amphibus.access.refusal_counts import RefusalCounts
from amphibus.access.speakers import Speakers
from amphibus.clock import Clock
from amphibus.config.settings import BusSettings
from amphibus.contract import Query
from amphibus.database.store import Store
from amphibus.database.upkeep.remembered import Remembered
from amphibus.inbox.limits.limits import Limits
from amphibus.inbox.steering.outcomes import Outcomes
from amphibus.inbox.steering.pause import Pauses
from amphibus.inbox.steering.tap import Tap
from amphibus.messages.envelope import Envelope
from amphibus.module import Module
from amphibus.partitions.assignment import PartitionAssignment
from amphibus.routing.codec import Codec
from amphibus.routing.policies import Policies
from amphibus.telemetry.metrics import Meters
from amphibus.unit_of_work.crash_journal import CrashJournal
from amphibus.unit_of_work.isolation import Isolation
from amphibus.unit_of_work.writer import Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxServices:
    """The parts that receiving, running and recording a module's messages needs, wired once."""

    module: Module
    store: Store
    writer: Writer
    codec: Codec
    container: Any
    clock: Clock
    journal: CrashJournal
    isolation: Isolation
    meters: Meters
    settings: BusSettings
    remembered: Remembered
    """The time since when what was handled is remembered."""
    assignment: PartitionAssignment
    pauses: Pauses
    policies: Policies
    limits: Limits
    outcomes: Outcomes
    cursors: Cursors
    refusals: RefusalCounts
    tap: Tap
    speakers: Speakers
    """Whose word counts for whom a message is."""
    ask: Callable[[Query[Any], float, Envelope], Any]
    """Asks another module: query, seconds, the message that is the cause."""

    def identity(self, envelope: Envelope) -> tuple[str, str, str]:
        """Returns a message of this module as the crash journal knows it."""
        return (self.module.name, envelope.source, envelope.id)
