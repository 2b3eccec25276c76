"""What a handler may say to its database, and what it may not, since it is not alone there."""

import pytest

from amphibus.database.sessions import TransactionGuard
from amphibus.database.store import UnitFailed
from amphibus.errors import OutlivesHandler


@pytest.fixture
def guard() -> TransactionGuard:
    made = TransactionGuard()
    made.begin(armed=True)
    return made


@pytest.mark.parametrize(
    "statement",
    [
        "COMMIT",
        "commit;",
        " -- done\n End",
        "/* done */ ROLLBACK WORK",
        "BEGIN IMMEDIATE",
        "START TRANSACTION",
        "PREPARE TRANSACTION 'x'",
        "UPDATE line SET line = 1; COMMIT",
        "INSERT INTO line VALUES ('a;b'); ABORT",
    ],
)
def test_nothing_ends_the_transaction(guard: TransactionGuard, statement: str) -> None:
    with pytest.raises(UnitFailed):
        guard.executing(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SET synchronous_commit = off",
        "SET LOCAL synchronous_commit TO off",
        "SELECT set_config('synchronous_commit', 'off', true)",
        "SELECT set_config('work_mem', '1MB', false)",
        "set session authorization nobody",
        "SET LOCAL search_path = other",
        "SET LOCAL ROLE nobody",
        "RESET ALL",
        "DISCARD TEMP",
        "LISTEN there",
        "PREPARE again AS SELECT 1",
        "SELECT pg_advisory_lock(7)",
        "SELECT pg_try_advisory_lock_shared (7)",
        "CREATE LOCAL TEMP TABLE line (book TEXT)",
        "PRAGMA query_only = ON",
        "PRAGMA main.locking_mode(EXCLUSIVE)",
        "PRAGMA foreign_keys = OFF",
        "ATTACH DATABASE 'orders.db' AS orders",
        "UPDATE line SET line = 1; SET search_path = other",
    ],
)
def test_nothing_changes_the_connection_for_later_handlers(
    guard: TransactionGuard, statement: str
) -> None:
    with pytest.raises(OutlivesHandler, match="may not run"):
        guard.executing(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "ROLLBACK TO SAVEPOINT part",
        "SAVEPOINT part",
        "SET LOCAL statement_timeout = '1s'",
        "SET CONSTRAINTS ALL DEFERRED",
        "SET TRANSACTION READ ONLY",
        "SELECT set_config('app.tenant', $1, true)",
        "SELECT pg_advisory_xact_lock(7)",
        "PRAGMA main.table_info('line')",
        "PRAGMA defer_foreign_keys = ON",
        "UPDATE line SET set_by = 'me', reset = 1",
        "INSERT INTO line VALUES ('COMMIT; SET x = 1')",
        "DO $$ BEGIN RAISE lock_not_available; END $$",
        "CREATE TRIGGER kept AFTER INSERT ON line BEGIN UPDATE line SET late = 1; END",
        "SELECT 1 -- ; COMMIT",
    ],
)
def test_what_ends_with_the_transaction_may_be_said(
    guard: TransactionGuard, statement: str
) -> None:
    guard.executing(statement)


def test_who_works_alone_may_say_anything() -> None:
    """A migration, say."""
    guard = TransactionGuard()
    guard.begin(armed=False)

    guard.executing("SET synchronous_commit = off")
