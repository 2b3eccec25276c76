"""The rows of a CSV file as payloads: each column is a field, its text read by the field's type."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from amphibus.cli.output import CommandError, Exit
from amphibus.cli.send.records import Bad, Record, Row
from amphibus.contract import Message
from amphibus.nearest import did_you_mean

if TYPE_CHECKING:
    from _csv import Reader

_DELIMITERS: Final = ",;\t"
Schema = Mapping[str, Any]


class Columns:
    """The columns of a file, and the fields that they are."""

    def __init__(self, contract: type[Message], header: list[str], maps: Mapping[str, str]) -> None:
        self._header = header
        self._width = len(header)
        self._schema: Schema = contract.model_json_schema()
        self._fields = [maps.get(column, column) for column in header]
        self._refuse_strange(contract, maps)
        self._types = [self._types_of(field) if field else set() for field in self._fields]

    def _refuse_strange(self, contract: type[Message], maps: Mapping[str, str]) -> None:
        for column in maps:
            if column not in self._header:
                raise _wrong(
                    f"the file has no column {column}",
                    f"it has {', '.join(self._header)}{did_you_mean(column, self._header)}",
                )
        if doubled := sorted(
            {each for each in self._fields if self._fields.count(each) > 1 and each}
        ):
            raise _wrong(f"two columns are {doubled[0]}", "a field has one value")
        for field in self._fields:
            if within := [each for each in self._fields if each.startswith(f"{field}.") and field]:
                raise _wrong(
                    f"column {within[0]} is a part of {field}, which is a column too",
                    "one hides the other",
                )
        known = list(contract.model_fields)
        for column, field in zip(self._header, self._fields, strict=True):
            if field and field.partition(".")[0] not in known:
                raise _wrong(
                    f"column {column} is no field of {contract.contract_type}",
                    f"it has {', '.join(known)}{did_you_mean(field, known)}",
                    f"name its field, or leave the column out: --map FIELD={column}, --map ={column}",
                )

    def _types_of(self, field: str) -> set[str]:
        """The types that a field may hold, in the words of JSON Schema."""
        found: list[Schema] = [self._schema]
        for part in field.split("."):
            parents = [each for schema in found for each in self._variants(schema)]
            found = [
                each["properties"][part] for each in parents if part in each.get("properties", {})
            ]
        return {
            str(each.get("type", "string")) for schema in found for each in self._variants(schema)
        }

    def _variants(self, schema: Schema) -> Iterator[Schema]:
        if "$ref" in schema:
            schema = self._schema["$defs"][schema["$ref"].rpartition("/")[2]]
        choices = [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]
        if not choices:
            yield schema
        for each in choices:
            yield from self._variants(each)

    def payload(self, cells: list[str]) -> dict[str, Any] | str:
        """Returns a row as a payload, or why it is none. An empty cell is a field that is not given."""
        if len(cells) != self._width:
            return f"has {len(cells)} cells, and the first line {self._width}"
        if any("\udc80" <= sign <= "\udcff" for cell in cells for sign in cell):
            return "is not UTF-8"
        data: dict[str, Any] = {}
        for field, types, cell in zip(self._fields, self._types, cells, strict=True):
            if field and cell != "":
                *path, last = field.split(".")
                place = data
                for part in path:
                    place = place.setdefault(part, {})
                place[last] = _value(cell, types)
        return data


def rows(stream: BinaryIO, contract: type[Message], maps: Mapping[str, str]) -> Iterator[Record]:
    """Returns each row that is not empty, with the line on which it begins.

    Raises:
        CommandError: the first line does not name fields of the contract.
    """
    stream.seek(0)
    text = io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="")
    reader = csv.reader(text, delimiter=_delimiter(text), strict=True)
    header = [each.strip() for each in next(reader, [])]
    return _rows(text, reader, Columns(contract, header, maps))


def _rows(text: io.TextIOWrapper, reader: "Reader", columns: Columns) -> Iterator[Record]:
    try:
        while True:
            number = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Bad(number, f"is no row of a CSV file: {error}")
                continue
            if any(cells):
                payload = columns.payload(cells)
                yield Bad(number, payload) if isinstance(payload, str) else Row(number, payload)
    finally:
        text.detach()


def _delimiter(text: io.TextIOWrapper) -> str:
    """Returns what stands between the names of the first line, and goes back to its beginning."""
    header = text.readline()
    text.seek(0)
    return max(_DELIMITERS, key=header.count)


def _value(cell: str, types: set[str]) -> Any:
    """Returns a cell by the type of its field; one that does not fit stays text, and its contract refuses it."""
    if "string" in types:
        return cell
    try:
        value = json.loads(cell.lower() if "boolean" in types else cell)
    except (ValueError, RecursionError):
        return cell
    return value


def _wrong(what: str, why: str, fix: str = "amphibus send --help") -> CommandError:
    return CommandError(what, why, fix, Exit.USAGE)
