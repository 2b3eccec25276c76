"""Decodes envelopes into the messages that handlers take, and encodes messages into envelopes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from amphibus.access.principal import carried
from amphibus.contract import Message, Value, kind_of
from amphibus.contract.bounds import bounds_of
from amphibus.contract.texts import LONGEST_KEY, wrong_in
from amphibus.contract.wording import details_of, in_words
from amphibus.errors import AmphibusError, Undecodable
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import derived_id, new_id, next_span, uuid_of
from amphibus.messages.json_text import read_json
from amphibus.module import Convert, Module, On
from amphibus.routing.topology import Topology
from amphibus.telemetry.privacy import describe

_MOST_SAID: Final = 5


@dataclass(frozen=True, slots=True)
class CodecEntry:
    """A row of the routing table, made ready for messages of one type."""

    route: On
    contract: type[Message]
    """The class that the bytes are decoded as."""
    convert: Convert | None = None
    """The converter to the version that the handler takes."""

    def in_version(self, returned: object) -> object:
        """Returns what the handler returned, in the version that was asked."""
        back = None if self.convert is None else self.convert.answer
        return returned if back is None or returned is None else back(returned)


class Codec:
    """Decodes the messages to a module and encodes those it sends."""

    def __init__(self, module: Module, topology: Topology) -> None:
        self._module = module
        self._topology = topology
        self._entries = _entries(module)
        self.observer: Callable[[Message], Message] | None = None
        self._older: dict[type[Message], list[Convert]] = {}
        for each in module.converts:
            if kind_of(each.source) == "event":
                self._older.setdefault(each.source, []).append(each)
        for contract in [entry.contract for entry in self._entries.values()]:
            contract.model_rebuild()

    def contract_of(self, type_: str) -> type[Message] | None:
        """Returns the contract of a type, whoever takes it; None if there is none."""
        return self._topology.contracts.get(type_)

    def entry(self, envelope: Envelope) -> CodecEntry:
        """Returns the entry of a message's type.

        Raises:
            Undecodable: nobody here takes messages of this type and version.
        """
        found = self._entries.get(envelope.type)
        if found is None:
            raise Undecodable(
                f"module {self._module.name} does not take {envelope.type}",
                f"it takes {', '.join(sorted(self._entries)) or 'nothing'}",
                f"declare the contract or a converter in its front page, then: amphibus dead retry {envelope.id}",
            )
        return found

    def decode(self, envelope: Envelope, entry: CodecEntry) -> Message:
        """Returns the message in the version that the handler takes. A process decodes it once, since it is frozen.

        An absent key is filled from the message's id, the same on every attempt.

        Raises:
            Undecodable: the body is not what the contract says.
        """
        message = envelope.decoded[0] if envelope.decoded else None
        if type(message) is not entry.contract:
            try:
                message = message_of(entry.contract, envelope.body)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a validator may raise anything
                raise Undecodable(
                    f"the body of {envelope.type} {envelope.id} is not what its contract says",
                    _said(error),
                    f"amphibus dead edit {envelope.id}",
                ) from None
            envelope.decoded[:] = [message]
        key = entry.contract.contract_key
        if key is not None and getattr(message, key) is None:
            message = message.model_copy(update={key: uuid_of(envelope.id)})
            envelope.decoded[:] = [message]
        if entry.convert is not None:
            message = _converted(entry.convert, message)
        return message if self.observer is None else self.observer(message)

    def outgoing(
        self, messages: Iterable[tuple[Message, bytes]], *, cause: Envelope, now: int
    ) -> list[tuple[Envelope, tuple[str, ...]]]:
        """Returns envelopes for the messages that a handler published and sent, each with its destinations."""
        found: list[tuple[Envelope, tuple[str, ...]]] = []
        for message, body in messages:
            first = self.envelope(message, body, cause=cause, now=now)
            found.append((first, self._topology.destinations(type(message))))
            for older in self._older.get(type(message), ()):
                destinations = self._topology.subscribers.get(older.target.contract_type, ())
                if destinations:
                    identity = derived_id(first.id, older.target.contract_type)
                    old = older.using(message)
                    envelope = self.envelope(
                        old, to_bytes(old), cause=cause, now=now, identity=identity
                    )
                    found.append((envelope, destinations))
        return found

    def later(
        self, message: Message, body: bytes, *, cause: Envelope, due: int, identity: str
    ) -> tuple[Envelope, tuple[str, ...]]:
        """Returns the envelope of a command that is sent when it is due, with its destinations."""
        envelope = self.envelope(message, body, cause=cause, now=due, identity=identity)
        return envelope, self._topology.destinations(type(message))

    def envelope(
        self,
        message: Message,
        body: bytes,
        *,
        cause: Envelope,
        now: int,
        identity: str | None = None,
    ) -> Envelope:
        """Returns the envelope of one message of this module, caused by another."""
        return Envelope(
            id=identity or new_id(),
            type=type(message).contract_type,
            source=self._module.name,
            key=key_of(message),
            time=now,
            correlation=cause.correlation,
            causation=cause.id,
            trace=next_span(cause.trace),
            body=body,
            extra=carried(cause.extra),
        )

    def answer(self, entry: CodecEntry, message: Message, returned: object) -> bytes:
        """Returns the answer's bytes: the handler's result, or an answer filled from the command's own fields."""
        expected = entry.contract.answer_type()
        if expected is None:
            return b""
        returned = entry.in_version(returned)
        if returned is None:
            return to_bytes(fill(expected, message))
        if not isinstance(returned, expected):
            said = f"{type(returned).__name__}, not {expected.__name__}"
            raise TypeError(f"{entry.contract.contract_type} was answered with {said}")
        return to_bytes(returned)


def _converted(converter: Convert, message: Message) -> Message:
    try:
        return converter.using(message)
    except (Exception, SystemExit) as error:
        pair = f"{converter.source.contract_type} to {converter.target.contract_type}"
        raise Undecodable(
            f"the converter of {pair} failed",
            describe(error, message),
            "mend it, deploy it, then: amphibus dead retry",
        ) from error


def to_bytes(value: Value) -> bytes:
    """Returns JSON, by the names on the wire."""
    return value.model_dump_json().encode()


def fill(answer: type[Value], message: Message) -> Value:
    """Returns an answer with the message's fields of the same names, and defaults for the rest."""
    known = type(message).model_fields
    return answer.model_validate(
        {name: getattr(message, name) for name in answer.model_fields if name in known}
    )


def key_of(message: Message) -> str | None:
    """Returns the key of a message that is sent.

    Raises:
        AmphibusError: no database or broker would take it.
    """
    key = message.key_value()
    why = wrong_in(key, LONGEST_KEY) if key else None
    if why is not None:
        contract = type(message)
        raise AmphibusError(
            f"the key of {contract.contract_type} {why}",
            "messages are told apart by it in every database and at the broker",
            f"declare '{contract.contract_key}' as amphibus.contract.Key, and send a shorter one",
        )
    return key


def message_of(contract: type[Message], body: bytes) -> Message:
    """Returns the message that a body holds. A hostile one costs no more than its length.

    Raises:
        ValueError: it is not what the contract says.
    """
    read_json(body, bounds_of(contract))
    return contract.model_validate_json(body)


def _said(error: BaseException) -> str:
    if not isinstance(error, ValueError):
        return describe(error)  # of a validator, which may raise anything
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(
        f"{'.'.join(map(str, each['loc'])) or 'body'} {in_words(each)}"
        for each in details_of(error)[:_MOST_SAID]
    )


def _entries(module: Module) -> dict[str, CodecEntry]:
    entries = {row.contract.contract_type: CodecEntry(row, row.contract) for row in module.routes}
    for each in module.converts:
        target = entries.get(each.target.contract_type)
        if target is not None and kind_of(each.source) != "event":
            entries[each.source.contract_type] = CodecEntry(target.route, each.source, each)
    return entries
