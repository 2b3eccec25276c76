"""Where processes announce themselves: what others may read there, and what nobody else may write."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from amphibus.admin import server
from amphibus.config.settings import DirectSettings
from amphibus.transports.direct.directory import DirectoryUnusable, PeerAddress
from amphibus.transports.direct.file_directory import FileDirectory
from amphibus.transports.direct.server_directory import ServerDirectory
from amphibus.transports.direct.transport import advertised
from tests.direct.conftest import Street, query
from tests.services.postgres import PostgresCluster, database_in

pytestmark = pytest.mark.asyncio
MODULES = ("archive", "desk", "gateway")
DESK = PeerAddress("desk", "i-1", "127.0.0.1", 4000)


async def test_addresses_are_files_that_only_this_user_reads(tmp_path: Path) -> None:
    desk, gateway = FileDirectory(tmp_path, MODULES), FileDirectory(tmp_path, MODULES)
    await desk.beat([DESK])
    known = await gateway.beat([])

    assert known.addresses == {"desk": [DESK]}
    assert known.keys == (await desk.beat([DESK])).keys
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "direct").iterdir()} == {0o600}
    assert (tmp_path / "direct").stat().st_mode & 0o777 == 0o700
    await desk.close()
    assert (await gateway.beat([])).addresses == {}


async def test_a_process_that_ends_leaves_the_address_of_the_next_one(tmp_path: Path) -> None:
    before, after = FileDirectory(tmp_path, MODULES), FileDirectory(tmp_path, MODULES)
    await before.beat([DESK])
    later = PeerAddress("desk", "i-2", "127.0.0.1", 4001)
    await after.beat([later])
    await before.close()

    known = await FileDirectory(tmp_path, MODULES).beat([])
    assert known.addresses == {"desk": [later]}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[" * 4000,
        b'"desk"',
        b'{"host": "127.0.0.1"}',
        b'{"host": "127.0.0.1", "port": 99999, "instance": "i"}',
        b'{"host": "127.0.0.1", "port": "here", "instance": "i"}',
        b'{"host": "127.0.0.1", "port": 1e999, "instance": "i"}',
        json.dumps({"host": "127.0.0.1", "port": 1, "instance": "i", "machine": "else"}).encode(),
    ],
)
async def test_what_is_no_address_is_passed_over(tmp_path: Path, content: bytes) -> None:
    """A loopback address of another machine is one here, of somebody else."""
    directory = FileDirectory(tmp_path, MODULES)
    await directory.beat([DESK])
    (tmp_path / "direct" / "archive.address").write_bytes(content)
    (tmp_path / "direct" / "stranger.address").write_text("{}")

    assert (await directory.beat([DESK])).addresses == {"desk": [DESK]}


async def test_a_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    await FileDirectory(tmp_path, MODULES).beat([])
    (tmp_path / "direct" / "key").chmod(0o644)
    with pytest.raises(DirectoryUnusable, match="others may read"):
        await FileDirectory(tmp_path, MODULES).beat([])


async def test_a_key_is_made_once(tmp_path: Path) -> None:
    keys = [await FileDirectory(tmp_path, MODULES).beat([]) for _ in range(3)]
    assert keys[0] == keys[1] == keys[2]


@pytest.mark.parametrize(
    ("settings", "host"),
    [
        (DirectSettings(), "127.0.0.1"),
        (DirectSettings(host="10.0.0.7"), "10.0.0.7"),
        (DirectSettings(host="0.0.0.0", advertise="desk.internal"), "desk.internal"),
    ],
)
async def test_others_are_told_where_they_reach_it(settings: DirectSettings, host: str) -> None:
    assert advertised(settings) == host


@pytest.fixture
def urls(cluster: PostgresCluster) -> Iterator[dict[str, str]]:
    """The database as each module's role, and as its administrator, after `amphibus db create`."""
    with database_in(cluster) as url:
        roles = {module: f"{urlsplit(url).path[1:]}_{module}" for module in MODULES}
        secrets = dict.fromkeys(roles.values(), "secret")
        for _ in range(2):  # twice is once
            asyncio.run(server.create(url, roles, secrets))
        found = {module: server.url_for(url, role, "secret") for module, role in roles.items()}
        yield found | {"admin": url}
        asyncio.run(_drop(url, roles))


async def _drop(url: str, roles: dict[str, str]) -> None:
    raw = await asyncpg.connect(url)
    for role in roles.values():
        await raw.execute(f'DROP OWNED BY "{role}" CASCADE; DROP ROLE "{role}"')
    await raw.close()


async def test_modules_with_roles_of_their_own_find_each_other(urls: dict[str, str]) -> None:
    desk, gateway = (ServerDirectory(urls[name], MODULES) for name in ("desk", "gateway"))
    clerk = PeerAddress("gateway", "i-2", "127.0.0.1", 4001)
    await desk.beat([DESK])
    known = await gateway.beat([clerk])
    again = await desk.beat([DESK])
    pair = frozenset(("desk", "gateway"))

    assert known.addresses == again.addresses == {"desk": [DESK], "gateway": [clerk]}
    assert known.keys[pair] == again.keys[pair]
    assert frozenset(("desk", "archive")) not in known.keys
    await desk.close()
    assert (await gateway.beat([clerk])).addresses == {"gateway": [clerk]}
    await gateway.close()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO amphibus_direct.address VALUES ('desk', 'i-9', '127.0.0.1', 1, 'm', 99)",
        "INSERT INTO amphibus_direct.pair_key VALUES ('desk', 'gateway', 'mine')",
        "UPDATE amphibus_direct.pair_key SET key = 'mine'",
        "DELETE FROM amphibus_direct.pair_key",
        "DROP TABLE amphibus_direct.address",
        "ALTER TABLE amphibus_direct.pair_key DISABLE ROW LEVEL SECURITY",
    ],
)
async def test_no_module_speaks_for_another(urls: dict[str, str], statement: str) -> None:
    raw = await asyncpg.connect(urls["archive"])
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await raw.execute(statement)
    finally:
        await raw.close()


async def test_no_module_changes_the_address_of_another(urls: dict[str, str]) -> None:
    desk = ServerDirectory(urls["desk"], MODULES)
    await desk.beat([DESK])
    raw = await asyncpg.connect(urls["archive"])
    try:
        changed = await raw.execute("UPDATE amphibus_direct.address SET port = 1")
        removed = await raw.execute("DELETE FROM amphibus_direct.address")
        keys = await raw.fetch("SELECT one, other FROM amphibus_direct.pair_key")
    finally:
        await raw.close()

    assert (changed, removed, keys[0]["one"]) == ("UPDATE 0", "DELETE 0", "archive")
    assert len(keys) == 1  # with the desk, which has started; of the others it sees nothing
    await desk.close()


async def test_a_role_without_the_right_is_told_what_to_type(urls: dict[str, str]) -> None:
    """As after an upgrade, until `amphibus db create` was run again."""
    raw = await asyncpg.connect(urls["admin"])
    await raw.execute("DROP SCHEMA amphibus_direct CASCADE")
    await raw.close()
    desk = ServerDirectory(urls["desk"], MODULES)
    with pytest.raises(DirectoryUnusable) as unusable:
        await desk.beat([DESK])
    assert unusable.value.fix == "amphibus db create"
    await desk.close()


async def test_who_has_fallen_silent_is_known_no_more(urls: dict[str, str]) -> None:
    """By the database's clock."""
    desk, gateway = (ServerDirectory(urls[name], MODULES) for name in ("desk", "gateway"))
    await desk.beat([DESK])
    raw = await asyncpg.connect(urls["admin"])
    await raw.execute("UPDATE amphibus_direct.address SET until = until - 11000000")
    await raw.close()

    assert (await gateway.beat([])).addresses == {}
    assert (await desk.beat([DESK])).addresses == {"desk": [DESK]}
    await desk.close()
    await gateway.close()


async def test_processes_on_a_server_ask_each_other(street: Street, urls: dict[str, str]) -> None:
    desk = await street.process("desk", directory=ServerDirectory(urls["desk"], MODULES))
    gateway = await street.process("gateway", directory=ServerDirectory(urls["gateway"], MODULES))
    await desk.look()  # the pair's key is there once one of both has started

    assert (await gateway.ask(query())).outcome == "answered"
    assert gateway.ways == ["direct"]
