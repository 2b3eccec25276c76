"""A person is found and erased in every store, and what others need stays as it was."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from amphibus.admin.inspection import on_server
from amphibus.admin.views import Views
from amphibus.cli.main import execute
from amphibus.cli.privacy.person import erase, search
from amphibus.cli.views import Acts, look_and_act
from amphibus.messages.contracts.amphibus.acting import Operator
from amphibus.messages.contracts.amphibus.v1 import ErasePerson
from amphibus.testing import Harness
from tests.distributed.commands import free_ports, running
from tests.fleet.commands import said
from tests.modules.shop import ROOT, Shop
from tests.services.postgres import PostgresCluster, database_in

_SUBJECT = "C-ADA-1815"
_ADDRESS = "ada.lovelace@analytical.example"
_TOKEN = "tok_of_ada_1815"
_TOLD = (_SUBJECT, _ADDRESS, _TOKEN, "Ruritania")
_ADA = {"customer_id": _SUBJECT, "email": _ADDRESS, "country": "Ruritania"}
_BOB = {"customer_id": "C-BOB-1", "email": "bob@example.org", "country": "Utopia"}
in_files = pytest.mark.parametrize("place", ["sqlite"], indirect=True)
"""It is the same on a server."""


class _Place:
    """A shop's data, in files or on a server."""

    def __init__(self, folder: Path, url: str | None) -> None:
        self.folder = folder
        self.url = url
        self.where = ["--data-dir", str(folder)]
        if url is not None:
            self.where += ["--db", url]

    async def used(self) -> None:
        settings = {} if self.url is None else {"db_url": self.url}
        async with Harness.of(ROOT, data_dir=self.folder, settings=settings) as harness:
            shop = Shop(harness, self.folder)
            await shop.receive(LANTERN=10)
            for fields in (
                {"customer": _ADA},
                {"customer": _ADA, "token": _TOKEN},
                {"customer": _BOB},
            ):
                await shop.place({"LANTERN": 1}, **fields)

    def erase(self, *more: str) -> int:
        return execute(["privacy", "erase", "--subject", _SUBJECT, "--json", *self.where, *more])

    def rows(self, module: str, statement: str) -> list[Any]:
        if self.url is not None:
            return on_server(self.url, module, statement)
        with closing(sqlite3.connect(self.folder / f"{module}.db")) as opened:
            return opened.execute(statement).fetchall()

    def holding(self, texts: Iterable[str]) -> dict[str, list[str]]:
        """The files, and the tables on a server, in which each of some texts stands."""
        stored = {
            str(each.relative_to(self.folder)): each.read_bytes()
            for each in self.folder.rglob("*")
            if each.is_file()
        }
        if self.url is not None:
            stored |= asyncio.run(_tables(self.url))
        return {
            text: sorted(name for name, found in stored.items() if text.encode() in found)
            for text in texts
        }


async def _tables(url: str) -> dict[str, bytes]:
    """All that stands in the tables of a database."""
    connection = await asyncpg.connect(url)
    names = await connection.fetch(
        "SELECT schemaname, tablename FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    found: dict[str, bytes] = {}
    for schema, table in names:
        rows = await connection.fetch(f'SELECT * FROM "{schema}"."{table}"')
        values = [value for row in rows for value in row]
        found[f"{schema}.{table}"] = b"\n".join(
            value if isinstance(value, bytes) else str(value).encode() for value in values
        )
    await connection.close()
    return found


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.full)])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[_Place]:
    """A shop that Ada and Bob bought from; nothing runs."""
    monkeypatch.chdir(ROOT)
    if request.param == "sqlite":
        made = _Place(tmp_path / "var", None)
        asyncio.run(made.used())
        yield made
        return
    cluster: PostgresCluster = request.getfixturevalue("cluster")
    with database_in(cluster) as url:
        made = _Place(tmp_path / "var", url)
        asyncio.run(made.used())
        yield made


def test_nothing_of_a_person_is_left_and_everything_of_others_is(
    place: _Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """Locks, hashes and keys stay valid: the messages keep their ids, and the shop goes on with them."""
    assert all(place.holding(_TOLD).values())
    sales = place.rows(
        "orders", "SELECT order_id, state, total, hash_code FROM customer_order ORDER BY 1"
    )
    others = place.holding(_BOB.values())

    assert place.erase("--dry-run") == 0
    planned = json.loads(capsys.readouterr().out)["modules"]
    assert all(place.holding(_TOLD).values())
    assert place.erase("--reason", "she asked for it") == 0
    done = json.loads(capsys.readouterr().out)

    assert place.holding(_TOLD) == {text: [] for text in _TOLD}
    assert place.holding(_BOB.values()) == others
    again = place.rows(
        "orders", "SELECT order_id, state, total, hash_code FROM customer_order ORDER BY 1"
    )
    assert [*map(tuple, again)] == [*map(tuple, sales)]
    for module, counts in done["modules"].items():
        assert counts["messages"] == planned[module]["messages"]
        assert counts["rows"] == planned[module]["rows"]
    assert done["modules"]["notifications"]["elsewhere"] == 2
    assert "books" in " ".join(done["stays"])
    assert execute(["audit", "verify", *place.where]) == 0

    capsys.readouterr()
    assert place.erase() == 0
    anew = json.loads(capsys.readouterr().out)["modules"].values()
    assert not any(each["messages"] or each["rows"] for each in anew)


class _Killed(Exception):
    """The command ends here."""


class _Until:
    """Acts on stores until it has erased so many pages."""

    def __init__(self, acts: Acts, pages: int) -> None:
        self._acts = acts
        self.pages = pages

    async def do(self, module: str, wanted: Any) -> Any:
        if isinstance(wanted, ErasePerson):
            self.pages -= 1
            if self.pages < 0:
                raise _Killed
        return await self._acts.do(module, wanted)

    async def compact(self, module: str) -> bool:
        return await self._acts.compact(module)


async def _erase_until(pages: int, views: Views, acts: Acts) -> int:
    until: Any = _Until(acts, pages)
    traces = await search(until, list(views), _SUBJECT, "", Operator())
    await erase(until, traces, "", Operator())
    return int(until.pages)


@pytest.mark.full
@in_files
def test_a_command_that_is_killed_is_typed_again_and_nothing_is_left(
    place: _Place, tmp_path: Path
) -> None:
    """What names nobody goes first, so that the names which lead to it are there until it is gone."""
    left = look_and_act(
        _copied(place, tmp_path / "whole").folder, None, partial(_erase_until, 9999)
    )
    needed = 9999 - left

    for pages in (1, needed // 2, needed - 1):
        broken = _copied(place, tmp_path / f"after {pages}")
        with pytest.raises(_Killed):
            look_and_act(broken.folder, None, partial(_erase_until, pages))
        look_and_act(broken.folder, None, partial(_erase_until, 9999))

        assert broken.holding(_TOLD) == {text: [] for text in _TOLD}, pages


def _copied(place: _Place, to: Path) -> _Place:
    shutil.copytree(place.folder, to)
    return _Place(to, None)


@pytest.mark.full
@in_files
def test_modules_that_run_erase_it_themselves(place: _Place, tmp_path: Path) -> None:
    """Each in its own database; what was deleted before is gone from the files too."""
    port = free_ports(3)
    options = ("--data-dir", str(place.folder), "--port", str(port))
    with running(ROOT, *options, environ={}, said=tmp_path) as shop:
        shop.until_said("  Try  ")
        words = ["privacy", "erase", "--subject", _SUBJECT, "--json", *place.where]
        ((code, out, err),) = said(ROOT, {}, words)

        assert (code, err) == (0, "")
        assert json.loads(out)["modules"]["orders"]["rows"] == 2
        assert place.holding(_TOLD) == {text: [] for text in _TOLD}
