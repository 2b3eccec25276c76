"""Schemas with the document that their references point into, and conjunctions of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from amphibus.contract.inclusion.limits import Beyond

_MOST_REFERENCES: Final = 100
_OLD_DIALECTS: Final = ("draft-03", "draft-04", "draft-06", "draft-07")
_HOLD_SCHEMAS: Final = ("properties", "patternProperties", "$defs", "definitions")
_HOLD_DATA: Final = ("enum", "const", "default", "examples", "example")


class Root:
    """A whole schema: references are resolved in it, and nothing is ever fetched."""

    def __init__(self, schema: Any) -> None:
        self.schema = schema
        self.refs_stand_alone = _refs_stand_alone(schema)
        """Until draft 7 the keywords beside a `$ref` say nothing."""
        self._anchors: dict[str, Any] | None = None

    def target(self, reference: Any) -> Any:
        """The schema that a reference names.

        Raises:
            Beyond: it lies outside this document, or nowhere.
        """
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise Beyond(f"the reference {reference!r} leads out of the schema")
        if reference == "#" or reference.startswith("#/"):
            return self._pointed(reference)
        if self._anchors is None:
            self._anchors = dict(_anchors(self.schema))
        if reference not in self._anchors:
            raise Beyond(f"the reference {reference!r} leads nowhere")
        return self._anchors[reference]

    def _pointed(self, reference: str) -> Any:
        found = self.schema
        for step in unquote(reference).split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            try:
                found = found[int(name)] if isinstance(found, list) else found[name]
            except (KeyError, IndexError, ValueError, TypeError):
                raise Beyond(f"the reference {reference!r} leads nowhere") from None
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One schema of a conjunction."""

    raw: Any
    root: Root

    @property
    def key(self) -> tuple[int, int]:
        """The same for the same schema of the same document; both live as long as the comparison."""
        return (id(self.raw), 0 if isinstance(self.raw, bool) else id(self.root))

    def at(self, raw: Any) -> "Part":
        """Another schema of the same document."""
        return Part(raw, self.root)

    def followed(self) -> tuple["Part", ...]:
        """The schemas that this one stands for, its references followed.

        Raises:
            Beyond: a reference leads nowhere, or round in a circle.
        """
        found: list[Part] = []
        part = self
        for _ in range(_MOST_REFERENCES):
            raw = part.raw
            if not isinstance(raw, dict) or "$ref" not in raw:
                return (*found, part)
            beside = {name: each for name, each in raw.items() if name != "$ref"}
            if beside and not part.root.refs_stand_alone:
                found.append(part)
            part = part.at(part.root.target(raw["$ref"]))
        raise Beyond("a reference leads round in a circle")


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """Schemas that hold together: a document must be valid for each part. No part at all allows everything."""

    parts: tuple[Part, ...]
    key: frozenset[tuple[int, int]] = field(init=False)
    """The same for nodes that hold the same schemas of the same documents."""

    def __post_init__(self) -> None:
        """Computes the key."""
        object.__setattr__(self, "key", frozenset(each.key for each in self.parts))

    def __and__(self, other: "Node") -> "Node":
        """The conjunction; a schema that stands in both counts once."""
        return Node((*self.parts, *(each for each in other.parts if each.key not in self.key)))


def node(schema: Any) -> Node:
    """A whole schema as a node."""
    return Node((Part(schema, Root(schema)),))


def _refs_stand_alone(schema: Any) -> bool:
    if not isinstance(schema, Mapping):
        return False
    dialect = schema.get("$schema")
    if isinstance(dialect, str):
        return any(old in dialect for old in _OLD_DIALECTS)
    return "definitions" in schema and "$defs" not in schema


def _own_anchors(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in ("$id", "id"):
        if isinstance(schema.get(name), str) and schema[name].startswith("#"):
            yield schema[name], schema
    if isinstance(schema.get("$anchor"), str):
        yield f"#{schema['$anchor']}", schema


def _anchors(schema: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(schema, list):
        for each in schema:
            yield from _anchors(each)
    if not isinstance(schema, dict):
        return
    yield from _own_anchors(schema)
    for name, each in schema.items():
        if name in _HOLD_SCHEMAS and isinstance(each, dict):
            for inner in each.values():
                yield from _anchors(inner)
        elif name not in _HOLD_DATA:
            yield from _anchors(each)


ANYTHING: Final = Node(())
NOTHING: Final = node(False)
TEXT: Final = node({"type": "string"})
