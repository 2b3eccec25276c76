"""The databases as a whole: what is in them, copies, the newest version."""

import asyncio
import signal
import sqlite3
from pathlib import Path

import pytest

from amphibus.admin.backup import new_folder, refuse_unfinished
from amphibus.database.control.file import FileControl
from amphibus.database.control.revisions import Revision
from amphibus.database.sqlite.store import SqliteStore
from amphibus.errors import StoreError
from tests.console.conftest import Console
from tests.console.stores import NOW


def test_status_counts_what_waits_in_each_database(console: Console) -> None:
    shelf = console.store("shelf")
    shelf.sent("m-1", "till")
    shelf.handled("m-2")
    shelf.delayed("m-3", due=NOW)
    shelf.died("m-4")

    (status,) = console("db", "status", "--json").json

    counts = {name: status[name] for name in ("unsent", "handled", "delayed", "dead", "awaited")}
    assert counts == {"unsent": 1, "handled": 1, "delayed": 1, "dead": 1, "awaited": 0}
    assert console("db", "status").out.startswith("MODULE")


def test_a_restored_backup_is_what_was_there(console: Console, tmp_path: Path) -> None:
    shelf = console.store("shelf")
    shelf.handled("m-1")
    folder = tmp_path / "copy"
    assert console("db", "backup", "--to", str(folder)).code == 0
    shelf.handled("m-2")

    ended = console("db", "restore", "--from", str(folder))

    assert ended.code == 0
    assert [row["id"] for row in shelf.rows("inbox")] == ["m-1"]
    kept = sqlite3.connect(console.data_dir / "shelf.db.before-restore")
    assert kept.execute("SELECT count(*) FROM amphibus_inbox").fetchone() == (2,)
    kept.close()


@pytest.mark.parametrize("mark", ["known", ""])
def test_a_restored_database_knows_no_broker_that_there_is(
    console: Console, tmp_path: Path, mark: str
) -> None:
    """It lives on, and need not have any more what it had: the mark there would say that it has."""
    shelf = console.store("shelf")
    shelf.insert("meta", name="broker", value=mark)
    folder = tmp_path / "copy"
    assert console("db", "backup", "--to", str(folder)).code == 0

    ended = console("db", "restore", "--from", str(folder))

    assert ended.code == 0
    (found,) = [row["value"] for row in shelf.rows("meta") if row["name"] == "broker"]
    assert found != "known"
    assert bool(found) == bool(mark)
    assert ("queues may hold messages from after the backup" in ended.out) == bool(mark)


def test_the_live_settings_are_put_back_with_the_databases(
    console: Console, tmp_path: Path
) -> None:
    console.store("shelf")
    folder = tmp_path / "copy"
    control = FileControl(console.data_dir)
    asyncio.run(control.make())
    first = Revision(1, 0, 1, "ada", "", {"log.level": (None, "debug")}, {"log.level": "debug"})
    asyncio.run(control.commit(first))
    assert console("db", "backup", "--to", str(folder)).code == 0
    asyncio.run(control.commit(first._replace(revision=2, previous=1, changes={}, settings={})))

    ended = console("db", "restore", "--from", str(folder))

    assert ended.code == 0, ended.err
    assert asyncio.run(control.latest()) == first
    kept = sqlite3.connect(console.data_dir / "live-settings.db.before-restore")
    assert kept.execute("SELECT max(revision) FROM revision").fetchone() == (2,)
    kept.close()


def test_a_second_restore_keeps_what_the_first_one_kept(console: Console, tmp_path: Path) -> None:
    """As after one that was killed: typed again, it would write over the only copy of what was there."""
    shelf = console.store("shelf")
    copy = str(tmp_path / "copy")
    console("db", "backup", "--to", copy)
    shelf.handled("m-1")

    console("db", "restore", "--from", copy)
    again = console("db", "restore", "--from", copy)

    assert "shelf.db.before-restore-2" in again.out
    kept = sqlite3.connect(console.data_dir / "shelf.db.before-restore")
    assert kept.execute("SELECT count(*) FROM amphibus_inbox").fetchone() == (1,)
    kept.close()


def test_a_backup_that_was_broken_off_is_none(console: Console, tmp_path: Path) -> None:
    """It lacks a module, or holds the half of one."""
    shelf = console.store("shelf")
    console("db", "backup", "--to", str(tmp_path / "copy"))
    (tmp_path / "copy" / "unfinished").touch()
    shelf.handled("m-1")

    for words in ((), ("--dry-run",)):
        ended = console("db", "restore", "--from", str(tmp_path / "copy"), *words)

        assert (ended.code, ended.err.splitlines()[0]) == (
            1,
            f"error  the backup in {tmp_path / 'copy'} was broken off",
        )
    assert [row["id"] for row in shelf.rows("inbox")] == ["m-1"]


def test_until_all_is_copied_a_backup_says_that_it_is_none(tmp_path: Path) -> None:
    with new_folder(tmp_path / "copy"), pytest.raises(StoreError, match="was broken off"):
        refuse_unfinished(tmp_path / "copy")
    refuse_unfinished(tmp_path / "copy")


def test_a_backup_that_fails_leaves_an_empty_folder(tmp_path: Path) -> None:
    """So that it does not fill a disk that is full, and may be made there again."""
    with pytest.raises(FileExistsError), new_folder(tmp_path / "copy"):
        (tmp_path / "copy" / "unfinished").touch(exist_ok=False)

    assert list((tmp_path / "copy").iterdir()) == []


def test_where_one_copy_finds_no_room_nothing_is_replaced(console: Console, tmp_path: Path) -> None:
    """Else half of the modules would stand at the moment of the backup, and half at another."""
    stores = [console.store("shelf"), console.store("till")]
    console("db", "backup", "--to", str(tmp_path / "copy"))
    for store in stores:
        store.handled("m-1")
    (console.data_dir / "till.db.restoring").symlink_to("/dev/full")

    ended = console("db", "restore", "--from", str(tmp_path / "copy"))

    assert (ended.code, ended.err.splitlines()[0][-17:]) == (1, "cannot be written")
    assert [[row["id"] for row in store.rows("inbox")] for store in stores] == [["m-1"], ["m-1"]]
    assert not [*console.data_dir.glob("*.restoring"), *console.data_dir.glob("*.before-restore")]


def test_a_damaged_database_is_replaced_and_kept(console: Console, tmp_path: Path) -> None:
    """It is what a backup is for."""
    shelf = console.store("shelf")
    shelf.handled("m-1")
    console("db", "backup", "--to", str(tmp_path / "copy"))
    (console.data_dir / "shelf.db").write_bytes(b"what a broken disk gives back")

    ended = console("db", "restore", "--from", str(tmp_path / "copy"))

    assert ended.code == 0, ended.err
    assert [row["id"] for row in shelf.rows("inbox")] == ["m-1"]
    kept = (console.data_dir / "shelf.db.before-restore").read_bytes()
    assert kept == b"what a broken disk gives back"


def test_nobody_works_on_databases_that_a_killed_restore_has_replaced_half_of(
    console: Console, tmp_path: Path
) -> None:
    """What the one has said that it has, the other would never get."""
    stores = [console.store("shelf"), console.store("till")]
    copy = str(tmp_path / "a copy")
    console("db", "backup", "--to", copy)
    for store in stores:
        store.handled("m-1")

    killed = console("db", "restore", "--from", copy, AMPHIBUS_FAILPOINT="restore.replaced")
    assert killed.code == -signal.SIGKILL
    assert [[row["id"] for row in store.rows("inbox")] for store in stores] == [[], ["m-1"]]
    for refused in (console("db", "upgrade"), console("db", "backup")):
        assert refused.code == 1
        assert "are of two moments" in refused.err
        assert f"amphibus db restore --from '{copy}'" in refused.err
    with pytest.raises(StoreError, match="are of two moments"):
        asyncio.run(_opened_and_closed(SqliteStore("till", console.data_dir)))
    again = console("db", "restore", "--from", copy)

    assert again.code == 0, again.err
    assert [[row["id"] for row in store.rows("inbox")] for store in stores] == [[], []]
    asyncio.run(_opened_and_closed(SqliteStore("till", console.data_dir)))


async def _opened_and_closed(store: SqliteStore) -> None:
    await store.open()
    await store.close()


def test_a_database_that_another_program_reads_is_not_replaced(
    console: Console, tmp_path: Path
) -> None:
    """What is kept would lack what its log holds."""
    shelf = console.store("shelf")
    console("db", "backup", "--to", str(tmp_path / "copy"))
    with shelf.open() as other:
        other.execute("PRAGMA journal_mode=WAL")
    reader = sqlite3.connect(console.data_dir / "shelf.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM amphibus_inbox").fetchone()
    shelf.handled("m-1")

    ended = console("db", "restore", "--from", str(tmp_path / "copy"))

    reader.close()
    assert (ended.code, ended.err.splitlines()[0][-13:]) == (1, "is being read")
    assert [row["id"] for row in shelf.rows("inbox")] == ["m-1"]


def test_a_backup_never_overwrites_another(console: Console, tmp_path: Path) -> None:
    console.store("shelf")
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "precious").touch()

    ended = console("db", "backup", "--to", str(tmp_path / "copy"))

    assert ended.code == 1
    assert ended.err.splitlines()[1] == (
        "  why  a backup never overwrites another; without --to it makes a folder of its own"
    )


def test_a_dry_run_makes_no_backup(console: Console, tmp_path: Path) -> None:
    console.store("shelf")

    console("db", "backup", "--to", str(tmp_path / "copy"), "--dry-run")

    assert not (tmp_path / "copy").exists()


def test_a_folder_without_a_backup_is_answered_with_where_backups_may_be(
    console: Console, tmp_path: Path
) -> None:
    """And not with a line that would start a shop in it."""
    for words in ((), ("--dry-run",)):
        ended = console("db", "restore", "--from", str(tmp_path / "cpoy"), *words)

        assert (ended.code, ended.err.splitlines()[0]) == (
            1,
            f"error  no backup in {tmp_path / 'cpoy'}",
        )
        assert ended.err.splitlines()[2] == f"  fix  ls -d {tmp_path}/*/"


def test_a_damaged_backup_is_not_restored(console: Console, tmp_path: Path) -> None:
    shelf = console.store("shelf")
    console("db", "backup", "--to", str(tmp_path / "copy"))
    copy = tmp_path / "copy" / "shelf.db"
    copy.write_bytes(copy.read_bytes()[:4096] + b"\xff" * 8192)

    ended = console("db", "restore", "--from", str(tmp_path / "copy"))

    assert ended.code == 1
    assert shelf.rows("inbox") == []


def test_a_newer_database_is_left_alone(console: Console) -> None:
    with console.store("shelf").open() as connection:
        connection.execute("UPDATE amphibus_meta SET value = 99 WHERE name = 'schema_version'")

    ended = console("dead", "list")

    assert ended.code == 1
    assert "was written by a newer version of Amphibus" in ended.err


def test_upgrade_makes_what_is_missing_and_says_so(console: Console) -> None:
    dry = console("db", "upgrade", "--dry-run")
    assert "would be made" in dry.out
    assert not console.data_dir.exists()

    assert console("db", "upgrade").code == 0
    again = console("db", "upgrade")
    assert again.out.splitlines() == [
        "shelf    is at -",
        "till     is at -",
        "gateway  is at -",
        "nothing to do: 3 databases at the newest version",
    ]
    assert {path.stem for path in console.data_dir.glob("*.db")} == {"gateway", "shelf", "till"}
