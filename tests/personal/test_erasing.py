"""A person is found and erased in every store, and what others need stays as it was."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from amphibus.admin.inspection import on_server
from amphibus.cli.main import execute
from amphibus.testing import Harness
from contracts.inventory import v1 as inventory
from contracts.orders import v1 as orders
from tests.modules.shop import ROOT, Shop, order_of
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
        self._where = ["--data-dir", str(folder)] if url is None else ["--db", url]

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
            broken = order_of({"LANTERN": 1}, customer=_ADA, currency="GBP")
            await harness.send(broken)
            await harness.settle()

    def erase(self, *more: str) -> tuple[int, str]:
        return execute(["privacy", "erase", "--subject", _SUBJECT, "--json", *self._where, *more])

    def rows(self, module: str, statement: str) -> list[Any]:
        if self.url is not None:
            return on_server(self.url, module, statement)
        with closing(sqlite3.connect(self.folder / f"{module}.db")) as opened:
            return opened.execute(statement).fetchall()

    def holding(self, text: str) -> list[str]:
        """The files, or the tables on a server, in which a text stands."""
        found = [
            str(each.relative_to(self.folder))
            for each in self.folder.rglob("*")
            if each.is_file() and text.encode() in each.read_bytes()
        ]
        return found if self.url is None else [*found, *_tables_with(self.url, text)]


def _tables_with(url: str, text: str) -> Iterator[str]:
    tables = on_server(
        url, "public", "SELECT schemaname, tablename FROM pg_tables WHERE tablename NOT LIKE 'pg\\_%'"
    )
    for schema, table in tables:
        rows = on_server(url, schema, f'SELECT t.* FROM "{schema}"."{table}" t')
        if any(text in str(value) or text.encode() in _bytes(value) for row in rows for value in row):
            yield f"{schema}.{table}"


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else b""


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
    assert all(place.holding(text) for text in _TOLD)
    sales = place.rows("orders", "SELECT order_id, state, total, hash_code FROM customer_order ORDER BY 1")
    others = {text: sorted(place.holding(text)) for text in _BOB.values()}

    assert place.erase("--dry-run") == 0
    planned = json.loads(capsys.readouterr().out)["modules"]
    assert all(place.holding(text) for text in _TOLD)
    assert place.erase("--reason", "she asked for it") == 0
    said = json.loads(capsys.readouterr().out)

    assert {text: place.holding(text) for text in _TOLD} == dict.fromkeys(_TOLD, [])
    assert {text: sorted(place.holding(text)) for text in _BOB.values()} == others
    again = place.rows("orders", "SELECT order_id, state, total, hash_code FROM customer_order ORDER BY 1")
    assert [*map(tuple, again)] == [*map(tuple, sales)]
    for module, counts in said["modules"].items():
        assert counts["messages"] == planned[module]["messages"]
        assert counts["rows"] == planned[module]["rows"]
    assert said["modules"]["notifications"]["elsewhere"] == 3
    assert "books" in " ".join(said["stays"])
    assert execute(["audit", "verify", *place._where]) == 0

    assert place.erase() == 0
    capsys.readouterr().out.partition("{")
