"""Files that people have: NDJSON, JSON arrays and CSV, sent whole or checked first, and never twice."""

import io
import json
from pathlib import Path

import pytest

from amphibus.cli.send.json_array import elements
from amphibus.cli.send.records import Bad, Text
from tests.console.conftest import Console
from tests.console.test_send import gateway_of, line

SELL = ("send", "shelf.Sell.v1", "--file")


def test_a_csv_file_is_read_by_the_types_of_its_fields(console: Console, tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text(
        'Article;pieces;note\n"cup; blue";3;x\n\nplate;many;\nmug;;\n"two\nlines";1;y\nspoon;1\n'
    )
    maps = ("--map", "item=Article", "--map", "=note")

    checked = console(*SELL, str(file), *maps, "--dry-run")
    assert checked.code == 1
    assert checked.out == "2 messages would be sent, 3 not; nothing was sent\n"
    assert "not sent  line 4: pieces must be a valid integer" in checked.err
    assert "not sent  line 6: item must be one line of text" in checked.err
    assert "not sent  line 8: has 2 cells, and the first line 3" in checked.err
    assert not console.data_dir.exists()

    whole = console(*SELL, str(file), *maps, "--whole")
    assert (whole.code, console.data_dir.exists()) == (1, False)

    assert console(*SELL, str(file), *maps).out.startswith("2 messages sent, 3 not sent")
    sent = [json.loads(row["body"]) for row in gateway_of(console).rows("outbox")]
    assert [(each["item"], each["pieces"]) for each in sent] == [
        ("cup; blue", 3),
        ("mug", 1),
    ]


def test_payloads_alone_are_sent_once_by_their_line(console: Console, tmp_path: Path) -> None:
    """Two equal lines are two sales; the same file again is none, wherever it lies and however it comes."""
    sales = '[{"item": "cup"},\n {"item": "cup"}]\n'
    file = tmp_path / "sales.json"
    file.write_text(sales)

    assert console(*SELL, str(file)).out.startswith("2 messages sent in")
    assert console(*SELL, "-", stdin=sales).out.startswith("0 messages sent, 2 sent before")
    assert len(gateway_of(console).rows("outbox")) == 2


@pytest.mark.full
def test_a_field_can_be_the_id(console: Console, tmp_path: Path) -> None:
    file = tmp_path / "sales.ndjson"
    file.write_text('{"item": "cup"}\n{"item": "cup"}\n{"item": ""}\n')

    ended = console(*SELL, str(file), "--id-field", "item")

    assert ended.out.startswith("1 message sent, 1 sent before, 1 not sent")
    assert ended.err == "not sent  line 3: its field item, which is to be its id, is no text\n"
    assert [row["id"] for row in gateway_of(console).rows("outbox")] == ["shelf.Sell.v1 cup"]


@pytest.mark.full
@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--map", "item=Articel"), "the file has no column Articel"),
        ((), "column Article is no field of shelf.Sell.v1"),
        (("--map", "pieces=Article"), "two columns are pieces"),
        (("--map", "Article"), "--map Article maps nothing"),
    ],
)
def test_columns_that_do_not_fit_are_refused_before_anything_is_sent(
    console: Console, tmp_path: Path, words: tuple[str, ...], why: str
) -> None:
    file = tmp_path / "sales.csv"
    file.write_text("Article,pieces\ncup,1\n")

    ended = console(*SELL, str(file), *words)

    assert (ended.code, ended.err.splitlines()[0]) == (2, f"error  {why}")
    assert not console.data_dir.exists()


@pytest.mark.full
def test_a_table_says_nothing_of_its_type(console: Console, tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text("item\ncup\n")

    for words in (("--file", str(tmp_path / "sales.csv")), ("--file", "-", "--format", "csv")):
        ended = console("send", *words)
        assert (ended.code, ended.err.splitlines()[0]) == (
            2,
            "error  of what type are these commands?",
        )
    ended = console("send", "shelf.Sel.v1", "--file", str(tmp_path / "sales.csv"))
    assert "no command shelf.Sel.v1" in ended.err


@pytest.mark.full
def test_an_array_of_whole_lines_is_read_too(console: Console) -> None:
    both = f"[{line('m-1').strip()}, {line('m-2').strip()}]"

    assert console("send", "--file", "-", stdin=both).out.startswith("2 messages sent")


ARRAYS = [
    (b"[]", []),
    (b'\n[\n{"a": 1}\n,\n\n[2, "]"]]\n', [(3, b'{"a": 1}'), (6, b'[2, "]"]')]),
    (b'["a\\"],\\\\", {"b": "}{"}]', [(1, b'"a\\"],\\\\"'), (1, b'{"b": "}{"}')]),
    (b'[1, {"a": [1, 2]}', [(1, b"1"), "the array has no end: ] is missing"]),
    (b"[1] \n2", [(1, b"1"), "something follows after the end of the array"]),
    (b'{"a": 1}', ["the array has no end: ] is missing"]),
]


@pytest.mark.parametrize("part", [1, 2, 7, 1 << 16])
@pytest.mark.parametrize(("text", "found"), ARRAYS)
def test_an_array_is_split_wherever_a_part_of_the_file_ends(
    text: bytes, found: list[object], part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amphibus.cli.send.json_array._CHUNK", part)

    split = list(elements(io.BytesIO(text)))

    assert [
        (each.number, each.text.strip()) if isinstance(each, Text) else getattr(each, "why", each)
        for each in split
    ] == found
    assert not any(isinstance(each, Bad) for each in split) or isinstance(found[-1], str)


def test_a_column_within_another_is_refused_before_anything_is_sent(
    console: Console, tmp_path: Path
) -> None:
    """One would hide the other, or end in an error of Python."""
    file = tmp_path / "sales.csv"
    for header in ("item,item.name", "item.name,item"):
        file.write_text(f"{header}\nglass,cup\n")

        ended = console("send", "shelf.Sell.v1", "--file", str(file), "--dry-run")

        assert (ended.code, ended.err.splitlines()[0]) == (
            2,
            "error  column item.name is a part of item, which is a column too",
        )


def test_a_cell_nested_without_end_is_refused_by_its_field(
    console: Console, tmp_path: Path
) -> None:
    file = tmp_path / "sales.csv"
    file.write_text("item,pieces\nglass," + "[" * 100_000 + "\n")

    ended = console("send", "shelf.Sell.v1", "--file", str(file), "--dry-run")

    assert ended.code not in (0, None)
    assert "pieces" in ended.err + ended.out
    assert "Traceback" not in ended.err
