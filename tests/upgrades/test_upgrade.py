"""Stores of an older version are brought to this one, with everything in them."""

import fcntl
import hashlib
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from amphibus.admin import dead
from amphibus.admin.latest_flows import latest_flows
from amphibus.admin.stores import files
from amphibus.admin.views import at_rest
from amphibus.database.postgres.store import PostgresStore
from amphibus.database.schema.steps import SCHEMA_VERSION
from amphibus.database.timers import NEVER
from amphibus.errors import OlderStore, StoreInUse
from tests.services.postgres import PostgresCluster
from tests.upgrades.old_stores import OldStores, in_files, on_a_server

_NEW = "catalog"
"""The module that the shop did not have then."""
_VERSION = "SELECT value FROM amphibus_meta WHERE name = 'schema_version'"


def test_nothing_is_lost(old: OldStores) -> None:
    """Rows of each table, and each message that waits, is delayed or dead, with what is known of it."""
    upgraded = old.amphibus("db", "upgrade")

    assert upgraded.returncode == 0, upgraded.stderr
    for module in old.modules:
        assert _counts(old, module) == old.counts(module)
        assert _ids(old, module, "delayed") == old.ids("delayed", module)
        assert _ids(old, module, "dead") == old.ids("dead", module)
        assert _undelivered(old, module) == old.ids("undelivered", module)
        assert old.rows(module, _VERSION) == [(str(SCHEMA_VERSION),)]


def test_what_is_known_of_them_is_kept(old: OldStores) -> None:
    """Retries, deadlines and reasons are what they were."""
    old.amphibus("db", "upgrade")

    for module, known in old.modules.items():
        delayed = "SELECT key, due, attempts, tries, late, error FROM amphibus_delayed ORDER BY seq"
        letters = "SELECT key, reason, attempts, blocks, error FROM amphibus_dead ORDER BY seq"
        timers = "SELECT name, key, due FROM amphibus_timer ORDER BY name, key"
        for what, statement in (("delayed", delayed), ("dead", letters), ("timers", timers)):
            names = [each.strip() for each in statement[7:].split(" FROM ")[0].split(",")]
            expected = [tuple(each[name] for name in names) for each in known[what]]
            assert old.rows(module, statement) == expected, (module, what)


def test_a_dry_run_shows_it_and_changes_nothing(old: OldStores) -> None:
    before = _digests(old.data)

    shown = old.amphibus("db", "upgrade", "--dry-run").stdout.splitlines()

    lines = {line.split()[0]: line for line in shown}
    assert "would be made" in lines.pop(_NEW)
    assert lines.keys() == old.modules.keys()
    assert all(f"tables of Amphibus 1 -> {SCHEMA_VERSION}" in line for line in lines.values())
    assert all(line.endswith("(dry run)") for line in lines.values())
    assert _digests(old.data) == before
    assert {old.rows(module, _VERSION)[0][0] for module in old.modules} == {"1"}


def test_a_second_upgrade_finds_nothing_to_do(old: OldStores) -> None:
    old.amphibus("db", "upgrade")

    again = old.amphibus("db", "upgrade")

    assert again.returncode == 0, again.stderr
    *lines, last = again.stdout.splitlines()
    assert all(" is at " in line for line in lines)
    assert last.startswith("nothing to do: ")


def test_an_operators_command_says_that_they_must_be_upgraded_first(old: OldStores) -> None:
    for command in (("dead", "list"), ("logs",), ("db", "status")):
        refused = old.amphibus(*command)

        assert refused.returncode == 1
        assert "was written by an older version of Amphibus" in refused.stderr
        assert refused.stderr.splitlines()[-1].strip() == "fix  amphibus db upgrade"


@pytest.fixture
def file_set(tmp_path: Path) -> OldStores:
    """The stores of a monolith."""
    return in_files("sqlite-monolith", tmp_path)


def test_a_file_that_an_older_process_works_on_is_refused(file_set: OldStores) -> None:
    holder = os.open(file_set.data / "gateway.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(holder, fcntl.LOCK_EX)
    try:
        refused = file_set.amphibus("db", "upgrade", "--module", "gateway")
    finally:
        os.close(holder)

    assert refused.returncode == 1
    assert "module gateway is hosted already" in refused.stderr
    assert file_set.rows("gateway", _VERSION) == [("1",)]


@pytest.mark.parametrize("place", ["migrate.before", "migrate.after"])
def test_an_upgrade_that_is_killed_leaves_the_old_store(file_set: OldStores, place: str) -> None:
    killed = file_set.amphibus("db", "upgrade", "--module", "payments", AMPHIBUS_FAILPOINT=place)

    assert killed.returncode != 0
    assert file_set.rows("payments", _VERSION) == [("1",)]
    assert file_set.amphibus("db", "upgrade", "--module", "payments").returncode == 0
    assert _counts(file_set, "payments") == file_set.counts("payments")


def test_a_backup_of_before_is_made_and_put_back_by_this_version(
    file_set: OldStores, tmp_path: Path
) -> None:
    """Whoever upgrades wants a copy first, and may want it back."""
    copy = tmp_path / "copy"
    assert file_set.amphibus("db", "backup", "--to", str(copy)).returncode == 0
    file_set.amphibus("db", "upgrade")

    restored = file_set.amphibus("db", "restore", "--from", str(copy))

    assert restored.returncode == 0, restored.stderr
    assert file_set.rows("payments", _VERSION) == [("1",)]


def test_a_deadline_that_is_delayed_or_dead_can_still_be_disarmed(file_set: OldStores) -> None:
    """It had lost its row, by which it is known to be armed; the newest one of a name and key is."""
    with closing(sqlite3.connect(file_set.data / "orders.db")) as raw, raw:
        for table, more in (("parked", "tries, late"), ("dead", "died, reason, traceback, blocks")):
            noughts = ", 0" * (more.count(",") + 1)
            for number in (1, 2):
                raw.execute(
                    f"INSERT INTO amphibus_{table} (lane, id, type, source, key, time, correlation,"
                    f" trace, reply, received, attempts, error, {more})"
                    f" VALUES ('', ?, 'timer:p/late', 'orders', ?, 0, '', '', 0, 0, 0, ''{noughts})",
                    (f"{table}{number}", table),
                )

    file_set.amphibus("db", "upgrade")

    kept = f"SELECT key, id FROM amphibus_timer WHERE due = {NEVER} ORDER BY key"
    assert file_set.rows("orders", kept) == [("dead", "dead2"), ("parked", "parked2")]


@pytest.mark.asyncio
async def test_dead_letters_and_flows_are_found_in_them(file_set: OldStores) -> None:
    file_set.amphibus("db", "upgrade")
    stores = files({name: file_set.data / f"{name}.db" for name in file_set.modules}, 8)

    letters = await dead.found_at_rest(stores, module="payments")
    async with at_rest(stores) as views:
        flows = await latest_flows(views, 100)

    assert [each.id for each in letters] == file_set.ids("dead", "payments")
    assert {each.correlation for each in flows} >= {each.correlation for each in letters}


@pytest.mark.asyncio
async def test_a_schema_that_an_older_instance_works_on_is_refused(
    tmp_path: Path, cluster: PostgresCluster
) -> None:
    old = on_a_server("postgresql-monolith", tmp_path, cluster)
    alive = (
        "INSERT INTO amphibus_instance VALUES"
        " ('older', 'memory', (extract(epoch from now()) * 1000000)::bigint + 60000000) RETURNING id"
    )
    old.rows("payments", alive)

    with pytest.raises(StoreInUse, match="in use by an older version"):
        await PostgresStore("payments", old.url or "").open(upgrade=True)
    assert old.rows("payments", _VERSION) == [("1",)]
    with pytest.raises(OlderStore):
        await PostgresStore("payments", old.url or "").open()

    old.rows("payments", "DELETE FROM amphibus_instance")
    store = PostgresStore("payments", old.url or "")
    await store.open(upgrade=True)
    await store.close()
    assert old.rows("payments", _VERSION) == [(str(SCHEMA_VERSION),)]


def _counts(old: OldStores, module: str) -> dict[str, int]:
    return {
        table: old.rows(module, f"SELECT count(*) FROM {table}")[0][0]
        for table in old.counts(module)
    }


def _ids(old: OldStores, module: str, table: str) -> list[str]:
    return [row[0] for row in old.rows(module, f"SELECT id FROM amphibus_{table} ORDER BY seq")]


def _undelivered(old: OldStores, module: str) -> list[str]:
    statement = "SELECT id FROM amphibus_outbox WHERE seq IN (SELECT seq FROM amphibus_delivery) ORDER BY seq"
    return [row[0] for row in old.rows(module, statement)]


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.db")
    }
