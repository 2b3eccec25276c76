"""Makes what knows and keeps the policies of a hosted module."""

from typing import Any

from amphibus.clock import Clock
from amphibus.config.policies import problems_of_overrides
from amphibus.config.settings import Settings
from amphibus.contract import kind_of
from amphibus.database.sqlite.store import SqliteStore
from amphibus.database.store import Store
from amphibus.errors import ConfigError
from amphibus.inbox.limits.in_force import LimitsInForce
from amphibus.inbox.limits.ledger import Ledger
from amphibus.inbox.limits.limits import Limits
from amphibus.inbox.limits.overflow import Overflow
from amphibus.inbox.steering.pause import Pauses
from amphibus.module import Module
from amphibus.partitions.assignment import PartitionAssignment
from amphibus.routing.policies import Policies
from amphibus.supervision import Supervisor
from amphibus.unit_of_work.writer import Writer


def policies_of(module: Module, settings: Settings) -> Policies:
    """The policies of a module's messages.

    Raises:
        ConfigError: the configuration says something of them that is unknown or not allowed.
    """
    types = [each.contract.contract_type for each in module.routes]
    given = settings.modules.get(module.name, {})
    problems = problems_of_overrides(module.name, given, types, settings.origin)
    if problems:
        raise ConfigError(*problems[0])
    return Policies(module, settings)


def limits_of(
    module: Module,
    policies: Policies,
    *,
    store: Store,
    assignment: PartitionAssignment,
    writer: Writer,
    pauses: Pauses,
    clock: Clock,
    supervisor: Supervisor,
    most_here: int,
) -> Limits:
    """Builds what gives turns to messages of types that are limited."""
    kept = [each.contract for each in module.routes if kind_of(each.contract) != "query"]
    by_type = {each.contract_type: policies.by_type[each.contract_type] for each in kept}
    limits = Limits(
        store,
        LimitsInForce(store, clock, by_type),
        ledger=_ledger(store, writer, clock, policies.longest_call),
        overflow=Overflow(store, writer, assignment, clock),
        assignment=assignment,
        clock=clock,
        supervisor=supervisor,
        most_here=most_here,
    )
    limits.paused = lambda: pauses.whole
    pauses.on_change.append(limits.wake)
    return limits


def _ledger(store: Store, writer: Writer, clock: Clock, call_seconds: float) -> Ledger:
    """Builds what asks the store who may begin: alone with its file, or with other instances on a server."""
    if isinstance(store, SqliteStore):

        async def alone(job: Any) -> Any:
            return await writer.submit(lambda transaction: job(transaction.sql))

        return Ledger(alone, clock)
    from amphibus.database.postgres.locked import Locked
    from amphibus.database.postgres.store import PostgresStore

    assert isinstance(store, PostgresStore)
    locked = Locked(store, "limits")
    return Ledger(locked, clock, shared=True, call_seconds=call_seconds, close=locked.close)
