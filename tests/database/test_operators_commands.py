"""The command line of an operator whose databases are on a server."""

import asyncio
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from amphibus.partitions.assignment import partition_of
from tests.console.conftest import Console, Ended
from tests.console.kiosk import write_kiosk
from tests.console.stores import SALE
from tests.services.postgres import PostgresCluster

_FLOW = f"'{SALE}', 1, 'flow-1', NULL, '00-{'1' * 32}-{'2' * 16}-00', 0, NULL"
_EVENT = (
    "INSERT INTO shelf.amphibus_outbox"
    " (id, type, source, key, time, correlation, causation, trace, reply, extra, body)"
    f" VALUES ('e-1', 'shelf.Sold.v1', 'shelf', {_FLOW}, '{{}}')"
)
_LETTER = (
    "INSERT INTO shelf.amphibus_dead"
    " (id, type, source, key, time, correlation, causation, trace, reply, extra, body,"
    " ordering_key, received, attempts, died, reason, error, traceback, blocks)"
    f" VALUES ('m-1', 'shelf.Sell.v1', 'gateway', {_FLOW}, '{{}}',"
    f" E'gateway\\x1f{SALE}', 1, 8, 1, 'failed', 'it broke', '', 0)"
)
_REVISIONS = "SELECT revision FROM amphibus_control.revision"


@dataclass
class Desk:
    """The kiosk on a server."""

    console: Console
    url: str

    def __call__(self, *arguments: str, **environment: str) -> Ended:
        return self.console(*arguments, "--db", self.url, **environment)

    def do(self, statement: str) -> list[dict[str, Any]]:
        """Reads or writes its database."""

        async def doing() -> list[dict[str, Any]]:
            connection = await asyncpg.connect(self.url, timeout=100)
            try:
                return [dict(row) for row in await connection.fetch(statement)]
            finally:
                await connection.close()

        return asyncio.run(doing())


@pytest.fixture
def desk(cluster: PostgresCluster, tmp_path: Path) -> Desk:
    """With the tables of all modules."""
    made = Desk(Console(write_kiosk(tmp_path / "kiosk")), cluster.fresh())
    assert made("db", "create").code == 0
    assert made("db", "upgrade").code == 0
    return made


def test_dead_letters_are_listed_and_tried_again(desk: Desk) -> None:
    desk.do(_LETTER)

    assert [each["id"] for each in desk("dead", "list", "--json").json] == ["m-1"]
    assert desk("dead", "retry", "m-1").code == 0
    assert desk.do("SELECT id FROM shelf.amphibus_dead") == []
    assert desk.do("SELECT id, attempts, late FROM shelf.amphibus_delayed") == [
        {"id": "m-1", "attempts": 0, "late": 0}
    ]


def test_events_are_put_in_line_and_a_flow_is_told(desk: Desk) -> None:
    desk.do(_EVENT)

    ended = desk("replay", "shelf", "--to", "till", "--since", "1970-01-01")

    assert ended.out.startswith("1 event of shelf in line to till")
    assert desk.do("SELECT destination, seq FROM shelf.amphibus_delivery") == [
        {"destination": "till", "seq": 1}
    ]
    assert "shelf > shelf.Sold.v1 > till under way" in desk("logs", "--key", SALE).out


def test_a_command_is_put_into_the_outbox_on_the_server(desk: Desk) -> None:
    sale = f'{{"sale_id": "{SALE}", "item": "cup"}}'

    for said in ("sent ", "sent before"):
        ended = desk("send", "shelf.Sell.v1", "--id", "m-1", "--data", sale)
        assert (ended.code, ended.out.startswith(said)) == (0, True), ended.out + ended.err
    other = desk("send", "shelf.Sell.v1", "--id", "m-1", "--data", '{"item": "pot"}')

    assert other.code == 1
    assert desk.do("SELECT id, source, key FROM gateway.amphibus_outbox") == [
        {"id": "m-1", "source": "gateway", "key": SALE}
    ]
    assert desk.do("SELECT destination, seq, partition FROM gateway.amphibus_delivery") == [
        {"destination": "shelf", "seq": 1, "partition": partition_of(SALE, "m-1", 8)}
    ]


def test_where_there_is_no_gateway_nothing_is_sent(desk: Desk) -> None:
    desk.do("DROP SCHEMA gateway CASCADE")

    ended = desk("send", "shelf.Sell.v1", "--data", '{"item": "cup"}')

    assert ended.code == 1
    assert ended.err.startswith("error  there is no outbox of a gateway on that server")


@pytest.mark.full
def test_a_backup_is_put_back_and_what_was_there_is_kept(desk: Desk, tmp_path: Path) -> None:
    desk.do(_LETTER)
    copy = str(tmp_path / "copy")

    made = desk("db", "backup", "--to", copy)
    desk.do("DELETE FROM shelf.amphibus_dead")
    restored = desk("db", "restore", "--from", copy)

    assert (made.code, restored.code) == (0, 0), made.err + restored.err
    assert "schema shelf  restored; before: shelf_before_restore" in restored.out
    assert [each["id"] for each in desk("dead", "list", "--json").json] == ["m-1"]
    assert desk.do("SELECT id FROM shelf_before_restore.amphibus_dead") == []
    assert desk("db", "backup", "--to", copy).code == 1


@pytest.mark.parametrize("mark", ["known", ""])
def test_a_restored_schema_knows_no_broker_that_there_is(
    desk: Desk, tmp_path: Path, mark: str
) -> None:
    desk.do(f"INSERT INTO shelf.amphibus_meta VALUES ('broker', '{mark}')")
    copy = str(tmp_path / "copy")
    assert desk("db", "backup", "--to", copy).code == 0

    restored = desk("db", "restore", "--from", copy)

    assert restored.code == 0, restored.err
    noted = "SELECT value FROM shelf.amphibus_meta WHERE name = 'broker'"
    (found,) = [row["value"] for row in desk.do(noted)]
    assert found != "known"
    assert bool(found) == bool(mark)
    assert ("queues may hold messages from after the backup" in restored.out) == bool(mark)


def test_what_a_killed_restore_kept_outlives_the_next_that_fails(
    desk: Desk, tmp_path: Path
) -> None:
    """A schema that is away was moved aside: dropped, nothing of it would be left."""
    desk.do(_LETTER)
    copy = tmp_path / "copy"
    assert desk("db", "backup", "--to", str(copy)).code == 0
    desk.do("ALTER SCHEMA shelf RENAME TO shelf_before_restore")  # there it was killed
    dump = copy / "schemas.dump"
    dump.write_bytes(dump.read_bytes()[:-2000])

    ended = desk("db", "restore", "--from", str(copy))

    assert ended.code == 1
    assert [each["id"] for each in desk("dead", "list", "--json").json] == ["m-1"]


def test_nobody_works_on_a_schema_that_a_killed_restore_has_read_in(
    desk: Desk, tmp_path: Path
) -> None:
    """It knows the broker of before still; what there was is kept until another restore has come to its end."""
    desk.do("INSERT INTO shelf.amphibus_meta VALUES ('broker', 'known')")
    desk.do(_LETTER)
    copy = str(tmp_path / "copy")
    assert desk("db", "backup", "--to", copy).code == 0
    desk.do("DELETE FROM shelf.amphibus_dead")

    killed = desk("db", "restore", "--from", copy, AMPHIBUS_FAILPOINT="restore.read_in")
    assert killed.code == -signal.SIGKILL
    for refused in (desk("db", "upgrade"), desk("dead", "retry", "--all")):
        assert refused.code == 1
        assert "half restored" in refused.err
    again = desk("db", "restore", "--from", copy)

    assert again.code == 0, again.err
    noted = "SELECT value FROM shelf.amphibus_meta WHERE name = 'broker'"
    assert [row["value"] for row in desk.do(noted)] != ["known"]
    assert desk.do("SELECT id FROM shelf_before_restore.amphibus_dead") == []
    assert desk("dead", "retry", "--all").code == 0


@pytest.mark.full
def test_the_live_settings_are_put_back_too(desk: Desk, tmp_path: Path) -> None:
    copy = str(tmp_path / "copy")
    assert desk("config", "set", "bus.window", "77").code == 0
    assert desk("db", "backup", "--to", copy).code == 0
    desk.do("DELETE FROM amphibus_control.revision")

    restored = desk("db", "restore", "--from", copy)

    assert restored.code == 0, restored.err
    assert [each["revision"] for each in desk.do(_REVISIONS)] == [1]
    assert desk.do(_REVISIONS.replace("control", "control_before_restore")) == []


def test_nothing_is_restored_under_a_module_that_runs(desk: Desk, tmp_path: Path) -> None:
    copy = str(tmp_path / "copy")
    desk("db", "backup", "--to", copy)
    desk.do("INSERT INTO till.amphibus_instance VALUES ('one', 'memory', 9e15::bigint)")

    ended = desk("db", "restore", "--from", copy)

    assert ended.code == 1
    assert ended.err.startswith("error  module till is running, in 1 instance")


def test_without_the_servers_programs_it_says_what_to_install(desk: Desk, tmp_path: Path) -> None:
    ended = desk("db", "backup", "--to", str(tmp_path / "copy"), PATH="")

    assert ended.code == 1
    assert [line[:7] for line in ended.err.splitlines()] == ["error  ", "  why  ", "  fix  "]
    assert "pg_dump is not installed" in ended.err
