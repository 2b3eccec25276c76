"""A person is found and erased in every store, and what others need stays as it was."""

import asyncio
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from amphibus.admin.inspection import on_server
from amphibus.cli.main import execute
from amphibus.testing import Harness
from tests.modules.shop import ROOT, Shop
from tests.services.postgres import PostgresCluster, database_in

_SUBJECT = "C-ADA-1815"
_ADDRESS = "ada.lovelace@analytical.example"
_TOKEN = "tok_of_ada_1815"
_TOLD = (_SUBJECT, _ADDRESS, _TOKEN, "Ruritania")
_ADA = {"customer_id": _SUBJECT, "email": _ADDRESS, "country": "Ruritania"}
_BOB = {"customer_id": "C-BOB-1", "email": "bob@example.org", "country": "Utopia"}


class _Place:
    """A shop's data, in files or on a server."""

    def __init__(self, folder: Path, url: str | None) -> None:
        self.folder = folder
        self.url = url
        self.where = ["--data-dir", str(folder)] if url is None else ["--db", url]

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
    said = json.loads(capsys.readouterr().out)

    assert place.holding(_TOLD) == {text: [] for text in _TOLD}
    assert place.holding(_BOB.values()) == others
    again = place.rows(
        "orders", "SELECT order_id, state, total, hash_code FROM customer_order ORDER BY 1"
    )
    assert [*map(tuple, again)] == [*map(tuple, sales)]
    for module, counts in said["modules"].items():
        assert counts["messages"] == planned[module]["messages"]
        assert counts["rows"] == planned[module]["rows"]
    assert said["modules"]["notifications"]["elsewhere"] == 3
    assert "books" in " ".join(said["stays"])
    assert execute(["audit", "verify", *place.where]) == 0

    capsys.readouterr()
    assert place.erase() == 0
    again_said = json.loads(capsys.readouterr().out)["modules"].values()
    assert not any(each["messages"] or each["rows"] for each in again_said)
