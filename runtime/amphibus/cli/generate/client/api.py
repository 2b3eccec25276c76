"""The part of a system that programs outside see: its routes and the messages of its producers, page by page."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from amphibus.cli.add.names import snake
from amphibus.cli.generate.client.kinds import Kind, kind_of_schema
from amphibus.contract import Message, kind_of
from amphibus.evolution.forms.form import form_of, taken, written_in
from amphibus.gateway.paths import parameters
from amphibus.routing.topology import Topology

Json = dict[str, Any]
ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class TypedField:
    """One field of a type."""

    wire: str
    name: str
    """The name in Python."""
    kind: Kind
    required: bool
    default: Any = ABSENT


@dataclass(frozen=True, slots=True)
class Declaration:
    """A type with fields."""

    name: str
    text: str
    fields: tuple[TypedField, ...]
    contract: type[Message] | None = None
    """The message that it is, if it is one."""


@dataclass(frozen=True, slots=True)
class Call:
    """One route."""

    name: str
    """In snake_case."""
    method: str
    path: str
    in_path: tuple[str, ...]
    takes: str
    gives: str | None
    contract: type[Message]

    @property
    def is_command(self) -> bool:
        """It changes something, and may be asked for again under one key."""
        return kind_of(self.contract) == "command"


@dataclass(slots=True)
class ApiPage:
    """The types and calls of one version of a module's contracts."""

    owner: str
    version: int
    types: dict[str, Declaration] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.owner}_v{self.version}"


def pages_of(topology: Topology, beside: Collection[str]) -> list[ApiPage]:
    """Returns the pages of the routes that somebody serves, with the messages beside them, in order.

    Args:
        topology: the contracts and their owners.
        beside: types of messages that programs outside send or collect over the broker.
    """
    found: dict[str, ApiPage] = {}
    for type_, contract in sorted(topology.contracts.items()):
        served = contract.contract_http is not None and type_ in topology.owners
        if served or type_ in beside:
            page = ApiPage(contract.contract_owner, contract.contract_version)
            _add(found.setdefault(page.name, page), contract, served=served)
    return [found[name] for name in sorted(found)]


def _add(page: ApiPage, contract: type[Message], *, served: bool) -> None:
    form = form_of(contract)
    event = form["kind"] == "event"
    _declare(page, contract.__name__, form["payload"], contract=contract, sent=not event)
    answer = contract.answer_type()
    if answer is not None:
        _declare(page, answer.__name__, form["answer"], sent=False)
    http = contract.contract_http
    if served and http is not None:
        page.calls.append(
            Call(
                name=snake(contract.__name__),
                method=http.method,
                path=http.path,
                in_path=parameters(http.path),
                takes=contract.__name__,
                gives=None if answer is None else answer.__name__,
                contract=contract,
            )
        )


def _declare(
    page: ApiPage,
    name: str,
    part: Json,
    *,
    sent: bool,
    contract: type[Message] | None = None,
) -> None:
    schema = taken(part) if sent else written_in(part)
    words = taken(part) | {"$defs": {**taken(part).get("$defs", {}), name: taken(part)}}
    for inner, each in (*schema.get("$defs", {}).items(), (name, schema)):
        of = contract if inner == name else None
        said = _said(words["$defs"].get(inner, each))
        made = Declaration(inner, said, tuple(_fields(each)), of)
        known = page.types.get(inner)
        # What is sent may leave out what has a default; what is read has it.
        if known is None or (known != made and sent):
            page.types[inner] = made


def _fields(schema: Json) -> Iterator[TypedField]:
    required = schema.get("required", ())
    for wire, each in schema.get("properties", {}).items():
        yield TypedField(
            wire=wire,
            name=each.get("x-name", wire),
            kind=kind_of_schema(each),
            required=wire in required,
            default=each.get("default", ABSENT),
        )


def _said(schema: Mapping[str, Any]) -> str:
    return " ".join(str(schema.get("description", "")).split())
