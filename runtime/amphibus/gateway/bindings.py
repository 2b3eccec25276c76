"""From what was sent to the message that its contract describes, validated once."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, get_args
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from amphibus.contract import Deprecated, Http, Message, Value, personal_fields
from amphibus.contract.bounds import bounds_of
from amphibus.contract.texts import LONGEST_KEY, wrong_in
from amphibus.gateway.parameter_values import reader_of
from amphibus.gateway.paths import parameters, render
from amphibus.gateway.problems import ProjectCodeFailed, Wrong, invalid, wrong, wrong_fields
from amphibus.gateway.texts import canonical, read_query
from amphibus.nearest import did_you_mean


class RouteBinding:
    """A contract at its route. Made once, used for every request."""

    def __init__(self, contract: type[Message], http: Http) -> None:
        contract.model_rebuild()
        fields = contract.model_fields
        self.contract = contract
        self.http = http
        self.answer: type[Value] | None = contract.answer_type()
        self.bounds = bounds_of(contract)
        self.path_names = parameters(http.path)
        self.own_id = _own_id(contract, self.path_names)
        """The field that names what the command makes; filled with the message's id if it is not sent."""
        self.names = {info.alias or name: name for name, info in fields.items()}
        """Name on the wire -> field."""
        types = {name: TypeAdapter[Any](info.rebuild_annotation()) for name, info in fields.items()}
        self._path_types = {name: types[name] for name in self.path_names}
        self._readers = {name: reader_of(kind) for name, kind in types.items()}
        self.ends = _ends(contract.contract_deprecated)
        """The headers that tell of the contract's end."""
        self._personal = frozenset(personal_fields(contract))

    def path_values(self, sent: Mapping[str, str]) -> dict[str, Any]:
        """The path's parameters as JSON values in their one canonical form; a wrong one as it was sent."""
        values: dict[str, Any] = {}
        for name, kind in self._path_types.items():
            try:
                value = kind.validate_json(to_json(self._readers[name](sent[name])), strict=True)
                values[name] = kind.dump_python(value, mode="json")
            except ValidationError:
                values[name] = sent[name]
        return values

    def path(self, values: Mapping[str, Any]) -> str:
        """The path of a request, in its one canonical form."""
        return render(self.http.path, values)

    def identity(self, own: object) -> str:
        """Returns what a command that names itself is known as, beside its message's id."""
        return f"id {self.contract.contract_type} {own}"

    def creates(self, path: str) -> bool:
        """Returns whether what this stored command makes is read at a path, by its own id alone."""
        location = self.http.location
        return self.http.stored and location == path and parameters(path) == (self.own_id,)

    def location(self, message: Message) -> str | None:
        """Returns where what the command makes will be found."""
        if self.http.location is None:
            return None
        named = parameters(self.http.location)
        return render(self.http.location, {name: getattr(message, name) for name in named})

    def content(self, data: dict[str, Any], values: Mapping[str, Any]) -> tuple[bytes, bool]:
        """Returns what was sent, body and path together, canonical; and whether it names itself.

        A field that is null counts as absent where the path or the message's id fills it.
        """
        for name, value in values.items():
            if data.get(name) is None:
                data[name] = value
        named = self.own_id is not None and data.get(self.own_id) is not None
        if named and self.own_id is not None:
            data[self.own_id] = _one_form(data[self.own_id])
        elif self.own_id is not None:
            data.pop(self.own_id, None)
        return canonical(data), named

    def command(self, content: bytes, own: str | None, values: Mapping[str, Any]) -> Message:
        """The message.

        Args:
            content: what was sent.
            own: the id that it gets, where it does not name itself.
            values: what stood in the path.

        Raises:
            Problem: fields are wrong, all of them named, or the body contradicts the path.
        """
        if own is not None and self.own_id is not None:
            comma = b"" if content == b"{}" else b","
            content = b'{"%b":"%b"%b' % (self.own_id.encode(), own.encode(), comma) + content[1:]
        try:
            message = self._validated(content)
        except ValidationError as error:
            raise invalid(self._wrong(error)) from None
        self._check_key(message)
        if values:
            self._agree(message, values)
        return message

    def query(self, sent: Mapping[str, str], query: bytes) -> Message:
        """The message; a parameter without a value counts as absent.

        Raises:
            Problem: parameters are unknown, repeated or wrong, all of them named.
        """
        values = dict(sent)
        errors: list[Wrong] = []
        for name, value in read_query(query):
            if name not in self.names or self.names[name] in self.path_names:
                errors.append(wrong(name[:100], self._no_parameter(name)))
            elif name in values:
                errors.append(wrong(name, "is given more than once"))
            else:
                values[name] = value
        meant = {
            name: self._readers[self.names[name]](value) for name, value in values.items() if value
        }
        try:
            message = self._validated(to_json(meant))
        except ValidationError as error:
            raise invalid([*errors, *self._wrong(error)]) from None
        if errors:
            raise invalid(errors)
        self._check_key(message)
        return message

    def _validated(self, content: bytes) -> Message:
        try:
            return self.contract.model_validate_json(
                content, strict=True, extra="forbid", by_alias=True, by_name=False
            )
        except ValidationError:
            raise
        except (Exception, SystemExit) as error:
            raise ProjectCodeFailed(f"a validator of {self.contract.contract_type}") from error

    def _check_key(self, message: Message) -> None:
        """A key orders messages in every database and at the broker, whatever its contract allows."""
        key = message.key_value()
        why = wrong_in(key, LONGEST_KEY) if key else None
        if why is not None:
            raise invalid([wrong(str(self.contract.contract_key), why)])

    def _no_parameter(self, name: str) -> str:
        known = [each for each, field in self.names.items() if field not in self.path_names]
        there = f"known are {', '.join(known)}" if known else "none is known here"
        return f"is not a parameter; {there}{did_you_mean(name, known)}"

    def _wrong(self, error: ValidationError) -> list[Wrong]:
        return wrong_fields(error, known=self.names, personal=self._personal)

    def _agree(self, message: Message, values: Mapping[str, Any]) -> None:
        errors = [
            wrong(name, "is not the one in the path")
            for name, kind in self._path_types.items()
            if kind.dump_python(getattr(message, name), mode="json") != values[name]
        ]
        if errors:
            raise invalid(errors)


def _one_form(identity: Any) -> Any:
    """A UUID as everybody writes it, so that capitals are not another content; all else as it is."""
    try:
        return str(UUID(identity)) if isinstance(identity, str) else identity
    except ValueError:
        return identity


def _ends(end: Deprecated | None) -> tuple[tuple[bytes, bytes], ...]:
    """`Deprecation` as RFC 9745 has it, `Sunset` as RFC 8594 does."""
    if end is None:
        return ()
    since, sunset = (datetime(*day.timetuple()[:3], tzinfo=UTC) for day in (end.since, end.sunset))
    return (
        (b"deprecation", f"@{int(since.timestamp())}".encode()),
        (b"sunset", format_datetime(sunset, usegmt=True).encode()),
    )


def _own_id(contract: type[Message], path_names: tuple[str, ...]) -> str | None:
    """The optional UUID beside the path's: the key if it is one, else the first."""
    found = [
        name
        for name, info in contract.model_fields.items()
        if name not in path_names
        and info.default is None
        and not info.is_required()
        and set(get_args(info.annotation)) == {UUID, type(None)}
    ]
    key = contract.contract_key
    return key if key in found else next(iter(found), None)
