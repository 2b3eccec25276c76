"""What is added to a file goes to its place, and all other bytes stay as they are."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amphibus.cli.add.page import FrontPage, Page
from amphibus.cli.output import CommandError

_MODULES = ("ast", "datetime", "uuid", "pydantic", "sqlmodel", "amphibus", "contracts.orders")
_NAMES = ("Alpha", "beta", "GAMMA", "Delta", "epsilon")


def _page(text: str | bytes) -> Page:
    return Page(Path("page.py"), text if isinstance(text, bytes) else text.encode())


@given(st.lists(st.tuples(st.sampled_from(_MODULES), st.sampled_from(_NAMES)), min_size=1))
def test_imports_stand_where_the_formatter_would_put_them(
    wanted: list[tuple[str, str]],
) -> None:
    page = _page('"""A page."""\n')
    for module, name in wanted:
        page = page.with_names(module, name)

    assert _sections(page.data.decode()) == sorted(_sections(page.data.decode()))
    assert {(module, name) for module, name in wanted} == _imported(page)


def test_the_linter_finds_nothing_in_imports_that_were_added(tmp_path: Path) -> None:
    page = _page('"""A page."""\n')
    for module, name in (
        ("sqlmodel", "select"),
        ("amphibus", "Context"),
        ("uuid", "UUID"),
        ("contracts.orders", "v1"),
        ("sqlmodel", "col"),
        ("datetime", "date"),
        *(("amphibus.contract", f"Name{number}OfSomething") for number in range(9)),
    ):
        page = page.with_names(module, name)
    page = page.with_module("pytest")
    (tmp_path / "page.py").write_bytes(page.data)
    ruff = Path(sys.executable).with_name("ruff")

    for command in (("check", "--isolated", "--select", "I"), ("format", "--check", "--isolated")):
        options = ("--line-length", "100")
        known = (
            ("--config", "lint.isort.known-first-party = ['amphibus', 'contracts']")
            if command[0] == "check"
            else ()
        )
        ended = subprocess.run(
            [ruff, *command, *options, *known, "page.py"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, f"{ended.stdout}\n{page.data.decode()}"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
def test_ends_of_lines_and_the_bytes_around_stay_as_they_are(newline: str, start: bytes) -> None:
    text = '"""Ä page."""\n\nfrom uuid import UUID  # why\n\nödd   =  1\n'.replace("\n", newline)
    before = start + text.encode()

    after = _page(before).with_names("datetime", "date").with_block("x = 2\n").data

    added = (f"from datetime import date{newline}", f"{newline}{newline}x = 2{newline}")
    assert after.startswith(start)
    for each in added:
        assert after.count(each.encode()) == 1
        after = after.replace(each.encode(), b"")
    assert after == before


def test_a_file_without_a_last_newline_gets_one() -> None:
    assert _page("x = 1").with_block("y = 2\n").data == b"x = 1\n\n\ny = 2\n"


def test_an_import_that_is_there_is_not_added_again() -> None:
    page = _page("from contracts.orders import v1 as shop_orders\nfrom uuid import UUID\n")

    assert page.with_names("uuid", "UUID") == page
    assert page.alias("orders") == (page, "shop_orders")


def test_a_name_goes_into_the_import_that_is_there_with_its_comment() -> None:
    page = _page("from uuid import (\n    UUID,  # why\n    uuid7,\n)\n")

    assert page.with_names("uuid", "uuid4").data.decode() == (
        "from uuid import (\n    UUID,  # why\n    uuid4,\n    uuid7,\n)\n"
    )


_FRONT = """module = Module(
    name="shelf",
    handles=(
        on(shelf.Sell, sell),  # the till
        on(shelf.Look, look),
    ),
    publishes=(shelf.Sold,),
    tables=Base.metadata,
)
"""


def test_an_entry_is_added_to_its_list() -> None:
    front = FrontPage(_page(_FRONT))

    assert front.with_item("publishes", "shelf.Lost").page.data.decode() == _FRONT.replace(
        "(shelf.Sold,)", "(\n        shelf.Sold,\n        shelf.Lost,\n    )"
    )
    assert front.with_item("subscribes", "on(a.B, c)").page.data.decode() == _FRONT.replace(
        "    publishes", "    subscribes=(on(a.B, c),),\n    publishes"
    )
    assert front.with_keyword("tables", "Other.metadata") == front


def test_an_entry_goes_behind_the_last_one_and_its_comment() -> None:
    front = _FRONT.replace("on(shelf.Look, look),", "on(shelf.Look, look),  # all")

    assert FrontPage(_page(front)).with_item("handles", "on(a.B, c)").page.data.decode() == (
        front.replace(
            "on(shelf.Look, look),  # all", "on(shelf.Look, look),  # all\n        on(a.B, c),"
        )
    )


def test_a_front_page_on_one_line_is_spread_out() -> None:
    page = _page('module = Module(name="till", subscribes=(on(a.B, c),))\n')

    assert FrontPage(page).with_item("publishes", "till.Rung").page.data.decode() == (
        'module = Module(\n    name="till",\n    subscribes=(on(a.B, c),),\n'
        "    publishes=(till.Rung,),\n)\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        'module = Module(name="till", handles=ALL)\n',
        'module = Module(name="till", handles=(*ROWS,) + MORE)\n',
        "module = build()\n",
        'module = Module(name="till", handles=(a,),  # one\n)\n',
        "module = Module(\n",
        b"module = '\xff'\n",
    ],
)
def test_a_front_page_that_is_not_understood_is_refused(text: str | bytes) -> None:
    with pytest.raises(CommandError):
        FrontPage(_page(text)).with_item("handles", "on(a.B, c)")


def _sections(text: str) -> list[tuple[int, str]]:
    lines = [line.split()[1] for line in text.splitlines() if line.startswith("from")]
    sections = {"ast": 0, "datetime": 0, "uuid": 0, "pydantic": 1, "sqlmodel": 1}
    return [(sections.get(line, 2), line) for line in lines]


def _imported(page: Page) -> set[tuple[str, str]]:
    import ast

    return {
        (str(node.module), name.name)
        for node in page.tree.body
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }
