"""The store of a module, and this instance's share of its work, as the settings ask for them."""

from typing import Final

from amphibus.clock import Clock
from amphibus.config.settings import Settings
from amphibus.database.sqlite.store import SqliteStore
from amphibus.database.store import Store
from amphibus.partitions.assignment import PartitionAssignment, SingleInstance
from amphibus.supervision import Supervisor

_ENDING_SECONDS: Final = 10.0
"""The time that a process may take to end beside its drain, and to notice that it has to."""


def open_store(name: str, settings: Settings, longest_timeout: float | None = None) -> Store:
    """The store that the settings ask for, not connected yet; its handlers may have longer than usual."""
    if settings.db_url is None:
        return SqliteStore(name, settings.data_dir)
    from amphibus.database.postgres.store import PostgresStore

    return PostgresStore(
        name,
        settings.db_url.get_secret_value(),
        handler_seconds=longest_timeout or settings.bus.handler_timeout_seconds,
    )


def assignment_of(
    store: Store, settings: Settings, *, transport: str, supervisor: Supervisor, clock: Clock
) -> PartitionAssignment:
    """The share of a module's work that this instance has: all of it where no other instance can be."""
    count = settings.bus.partitions
    if settings.db_url is None:
        return SingleInstance(count)
    from amphibus.database.postgres.store import PostgresStore
    from amphibus.partitions.leases import Leases

    assert isinstance(store, PostgresStore)
    return Leases(
        store,
        count=count,
        transport=transport,
        supervisor=supervisor,
        clock=clock,
        patience_seconds=settings.drain_seconds + _ENDING_SECONDS,
    )
