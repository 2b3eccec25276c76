"""The lines of a producer's file, each checked by its contract before anything is sent."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from amphibus.admin.enqueue import AcceptedItem
from amphibus.cli.send.records import Bad, Record, Row
from amphibus.contract import Message, Post, kind_of
from amphibus.contract.texts import wrong_in
from amphibus.gateway.bindings import RouteBinding
from amphibus.gateway.problems import Problem
from amphibus.gateway.texts import read_object
from amphibus.messages.cloudevents import LONGEST_ID
from amphibus.messages.ids import derived_id
from amphibus.nearest import did_you_mean

if TYPE_CHECKING:
    from amphibus.routing.project import Project

_PARTS: Final = {"type", "id", "data"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line that can be sent."""

    number: int
    item: AcceptedItem
    data: dict[str, Any]


@dataclass(frozen=True)
class Payloads:
    """Lines that are payloads alone: all of one type, each with an id that follows from it or from its place."""

    contract: str
    file: str
    """The name of the content of the file: the same line of the same content has the same id."""
    id_field: str | None = None

    def identity(self, number: int, data: dict[str, Any]) -> str | Bad:
        """Returns the id of a line."""
        if self.id_field is None:
            return derived_id("send", self.file, str(number))
        value: Any = data
        for part in self.id_field.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
            return Bad(number, f"its field {self.id_field}, which is to be its id, is no text")
        return f"{self.contract} {value}"


class Reader:
    """Reads lines for one project; keeps what it learns of each contract."""

    def __init__(self, project: "Project") -> None:
        self._topology = project.topology()
        self._bindings: dict[str, RouteBinding] = {}

    def lines(
        self, records: Iterator[Record], payloads: Payloads | None = None
    ) -> Iterator[Line | Bad]:
        """Yields every record, checked; each names its type and id itself, or is a payload alone."""
        for record in records:
            if isinstance(record, Bad):
                yield record
            elif isinstance(record, Row):
                assert payloads is not None
                yield self._payload(record.number, record.data, payloads)
            else:
                yield self._line(record.number, record.text, payloads)

    def one(self, contract: str, identity: str, data: bytes) -> Line | Bad:
        """Checks a single message."""
        try:
            return self._checked(1, contract, identity, read_object(data))
        except Problem as problem:
            return Bad(1, said_by(problem))

    def _payload(self, number: int, data: dict[str, Any], payloads: Payloads) -> Line | Bad:
        identity = payloads.identity(number, data)
        if isinstance(identity, Bad):
            return identity
        return self._checked(number, payloads.contract, identity, data)

    def _line(self, number: int, text: bytes, payloads: Payloads | None) -> Line | Bad:
        try:
            parts = read_object(text)
        except Problem as problem:
            return Bad(number, said_by(problem))
        if payloads is not None:
            return self._payload(number, parts, payloads)
        if set(parts) != _PARTS:
            given = ", ".join(sorted(parts)) or "nothing"
            return Bad(number, f"must have type, id and data, and has {given}")
        contract, identity, data = parts["type"], parts["id"], parts["data"]
        if not isinstance(identity, str):
            return Bad(number, f"its id must be text of 1 to {LONGEST_ID} characters")
        if not isinstance(data, dict):
            return Bad(number, "its data must be an object")
        return self._checked(number, str(contract), identity, data)

    def _checked(
        self, number: int, contract: str, identity: str, data: dict[str, Any]
    ) -> Line | Bad:
        if (why := wrong_in(identity, LONGEST_ID)) is not None:
            return Bad(number, f"its id {why}")
        owner = self._topology.owners.get(contract)
        known = self._topology.contracts.get(contract)
        if known is None or kind_of(known) != "command" or owner is None:
            commands = sorted(name for name in self._topology.owners if self._is_command(name))
            near = did_you_mean(contract, commands)
            return Bad(number, f"{contract} is no command; there are {', '.join(commands)}{near}")
        binding = self._bindings.get(contract)
        if binding is None:
            binding = self._bindings[contract] = RouteBinding(
                known, known.contract_http or Post("/")
            )
        try:
            content, named = binding.content(dict(data), {})
            message = binding.command(content, None if named else _as_uuid(identity), {})
        except Problem as problem:
            return Bad(number, said_by(problem))
        item = AcceptedItem(
            id=identity,
            type=contract,
            key=message.key_value(),
            body=message.model_dump_json().encode(),
            owner=owner,
            digest=sha256(content).digest(),
            identities=(f"send {identity}", *_business_identity(binding, message, named=named)),
            location=binding.location(message),
            routed=known.contract_http is not None,
        )
        return Line(number, item, json.loads(content))

    def _is_command(self, name: str) -> bool:
        return kind_of(self._topology.contracts[name]) == "command"


def _as_uuid(identity: str) -> str:
    """Returns a UUID for a thing without an id of its own: the message's id, or a UUID that stands for it."""
    try:
        return str(UUID(identity))
    except ValueError:
        return derived_id("send", identity)


def _business_identity(binding: RouteBinding, message: Message, *, named: bool) -> tuple[str, ...]:
    """Returns the identity by which the gateway knows the same thing when it comes over HTTP."""
    if not named or binding.own_id is None:
        return ()
    return (f"id {type(message).contract_type} {getattr(message, binding.own_id)}",)


def said_by(problem: Problem) -> str:
    """Returns the errors of a line, every field of it."""
    fields = "; ".join(f"{each['field']} {each['message']}" for each in problem.errors)
    return fields or problem.detail
