"""The fields that are typed as `name:type`, and what each type is in a contract, a table and a migration."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from amphibus.cli.add.layout import fit
from amphibus.cli.add.names import checked_field
from amphibus.cli.output import CommandError, Exit
from amphibus.nearest import nearest

_ID: Final = '"74eda2bf-2087-5bfc-aaaf-7ff4216c8a87"'
_CONTACT: Final = frozenset({"mail", "email", "phone", "mobile", "fax"})
_LOCATION: Final = frozenset({"address", "street"})
_IDENTITY: Final = frozenset({"name", "surname", "firstname", "lastname", "birth", "birthday"})
_THINGS: Final = frozenset({
    "file", "host", "user", "domain", "display", "module", "event", "type", "class", "field", "queue",
})  # fmt: skip
"""Before `name`, as the lint of contracts has it: things have names too."""


@dataclass(frozen=True, slots=True)
class FieldType:
    """A type as people type it, and as it is written in each place."""

    border: str
    """The type in a contract."""
    python: str
    """The type in a table."""
    column: str
    """What `Field(...)` of a table says about it."""
    migrated: str
    """The column in a migration."""
    example: str
    bounds: str = ""
    """What stands beside the type in `Annotated[...]`."""


TYPES: Final = {
    "text": FieldType("ShortText", "str", "max_length=100", "sa.String(length=100)", ""),
    "long_text": FieldType("LongText", "str", "max_length=500", "sa.String(length=500)", ""),
    "key": FieldType("Key", "str", "max_length=255", "sa.String(length=255)", ""),
    "email": FieldType(
        "EmailAddress", "str", "max_length=254", "sa.String(length=254)", '"ada@example.com"'
    ),
    "sku": FieldType("Sku", "str", "max_length=40", "sa.String(length=40)", '"LANTERN"'),
    "currency": FieldType("CentCurrency", "str", "max_length=3", "sa.String(length=3)", '"GBP"'),
    "int": FieldType("int", "int", "", "sa.Integer()", "1", "Field(ge=0, le=1_000_000_000)"),
    "decimal": FieldType("Amount", "Decimal", "sa_type=Exact", "Exact()", '"1.5"'),
    "money": FieldType("Money", "Decimal", "sa_type=Cents", "Cents()", '"9.50"'),
    "bool": FieldType("bool", "bool", "", "sa.Boolean()", "True"),
    "date": FieldType("Day", "date", "", "sa.Date()", '"2026-03-01"'),
    "moment": FieldType("Moment", "datetime", "", "UTCDateTime()", '"2026-03-01T08:26:00Z"'),
    "uuid": FieldType("UUID", "UUID", "", "sa.Uuid()", _ID),
}
_OTHER_NAMES: Final = {
    "str": "text", "string": "text", "integer": "int", "number": "int", "float": "decimal", "boolean": "bool",
    "day": "date", "datetime": "moment", "time": "moment", "id": "uuid", "varchar": "text",
}  # fmt: skip
_KEYS: Final = ("uuid", "text", "key", "sku")
"""The types by which messages can be put in order."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message or of a table."""

    name: str
    kind: str
    optional: bool = False
    purpose: str = ""
    """The purpose of personal data; empty where the field tells no person."""

    @property
    def type(self) -> FieldType:
        """The type as it is written in each place."""
        return TYPES[self.kind]

    @property
    def personal(self) -> str:
        """The category of personal data, or nothing."""
        words = set(self.name.split("_"))
        if self.kind == "email" or words & _CONTACT:
            return "contact"
        if self.kind not in ("text", "long_text", "key", "sku"):
            return ""
        if words & _LOCATION:
            return "location"
        named = words & _IDENTITY
        return "identity" if named and not (named == {"name"} and words & _THINGS) else ""

    @property
    def declared(self) -> str:
        """The line of a contract, without its indent."""
        kind = f"{self.type.border} | None" if self.optional else self.type.border
        end = " = None" if self.optional else ""
        marks = [self.type.bounds] if self.type.bounds else []
        if self.personal:
            marks.append(f'Personal("{self.personal}", purpose="{self.purpose}")')
        if not marks:
            return f"{self.name}: {kind}{end}"
        return fit(f"{self.name}: Annotated[", [kind, *marks], f"]{end}", 4)

    def column(self, *, key: bool = False) -> str:
        """The line of a table, without its indent."""
        kind = f"{self.type.python} | None" if self.optional else self.type.python
        said = ["primary_key=True"] if key else []
        said += ["default=None"] if self.optional else []
        said += [self.type.column] if self.type.column else []
        return f"{self.name}: {kind}" + (f" = Field({', '.join(said)})" if said else "")

    @property
    def migrated(self) -> str:
        """The column of a migration."""
        return fit(
            "sa.Column(",
            [f'"{self.name}"', self.type.migrated, f"nullable={self.optional}"],
            "),",
            8,
        )

    @property
    def example(self) -> str:
        """The value in the contract's example."""
        return self.type.example or f'"{self.name.replace("_", " ")}"'


def fields_of(typed: Sequence[str], module: str) -> tuple[Field, ...]:
    """Parses `order_id:uuid carrier:text note:text?`.

    Raises:
        CommandError: a name or a type cannot be used, or a name stands twice.
    """
    found: dict[str, Field] = {}
    for each in typed:
        made = _field(each, module)
        if made.name in found:
            raise CommandError(
                f"the field {made.name} stands twice",
                "a message has one field of a name",
                f"leave out {each}",
                Exit.USAGE,
            )
        found[made.name] = made
    return tuple(found.values())


def keyed(fields: tuple[Field, ...], what: str) -> tuple[Field, ...]:
    """The fields with the first as the key.

    Raises:
        CommandError: there is none, or it puts nothing in order.
    """
    if not fields:
        raise CommandError(
            f"{what} has no field",
            "its first field is its key: messages with the same key are handled in order",
            "name it, such as order_id:uuid",
            Exit.USAGE,
        )
    key, *others = fields
    if key.optional or key.kind not in _KEYS or key.personal:
        why = (
            "a key is always there"
            if key.optional
            else "a key stands in logs and paths, and tells no person"
            if key.personal
            else f"a key is {', '.join(_KEYS)}"
        )
        raise CommandError(
            f"{key.name} cannot be the key of {what}",
            f"the first field is the key; {why}",
            "begin with an id, such as order_id:uuid",
            Exit.USAGE,
        )
    kind = "key" if key.kind == "text" else key.kind
    return (Field(key.name, kind), *others)


def _field(typed: str, module: str) -> Field:
    name, colon, kind = typed.partition(":")
    if not colon:
        raise CommandError(
            f"the field {typed} has no type",
            f"a field is name:type; the types are {', '.join(TYPES)}, each with ? if it may be missing",
            "",
            Exit.USAGE,
            change={typed: f"{typed}:text"},
        )
    optional = kind.endswith("?")
    known = kind.removesuffix("?")
    if known not in TYPES:
        near = _OTHER_NAMES.get(known.lower()) or nearest(known, TYPES) or "text"
        raise CommandError(
            f"there is no type {known or '(nothing)'}, as {typed} has it",
            f"the types are {', '.join(TYPES)}, each with ? if it may be missing",
            "",
            Exit.USAGE,
            change={typed: f"{name}:{near}{'?' if optional else ''}"},
        )
    checked_field(name, typed, module)
    return Field(name, known, optional, f"to handle {module.replace('_', ' ')}")
