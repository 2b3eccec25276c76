"""The tables of a module: those that there are, as fields, and one that is added with its migration."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlmodel import SQLModel

from amphibus.cli.add.fields import Field
from amphibus.cli.add.layout import rendered
from amphibus.cli.add.names import pascal, singular, table_name, words
from amphibus.cli.add.page import FrontPage, Page
from amphibus.cli.add.site import Site, absent
from amphibus.cli.output import CommandError
from amphibus.columns import Cents, Exact
from amphibus.database.migrations import revisions
from amphibus.process import Process

_LENGTHS: Final = {100: "text", 255: "key", 500: "long_text", 254: "email", 40: "sku"}
_KINDS: Final[tuple[tuple[type[Any], str], ...]] = (
    (Cents, "money"),
    (Exact, "decimal"),
    (sa.Uuid, "uuid"),
    (sa.Boolean, "bool"),
    (sa.Integer, "int"),
    (sa.DateTime, "moment"),
    (sa.Date, "date"),
)


@dataclass(frozen=True, slots=True)
class Record:
    """A table of a module, as far as its columns are of types that can be typed."""

    name: str
    fields: tuple[Field, ...]
    required: frozenset[str]
    """The columns that a new row must have a value for."""
    of_process: bool = False

    @property
    def key(self) -> str:
        """The column of the primary key."""
        return self.fields[0].name

    def takes(self, fields: tuple[Field, ...]) -> bool:
        """Returns whether a row can be made of a message with these fields."""
        given = {each.name for each in fields if not each.optional}
        return not self.of_process and self.key == fields[0].name and self.required <= given

    def shared(self, fields: tuple[Field, ...]) -> tuple[Field, ...]:
        """The fields of a message that are columns, without the key."""
        mine = {each.name: each for each in self.fields[1:]}
        return tuple(
            each
            for each in fields
            if each.name in mine
            and mine[each.name].kind == each.kind
            and (mine[each.name].optional or not each.optional)
        )


def records_of(site: Site) -> list[Record]:
    """The tables of a module with one column as their key."""
    page = sys.modules.get(f"modules.{site.module}.models")
    tables = [] if page is None else [each for each in vars(page).values() if _is_table(each, page)]
    processes = {
        row.handler.table for row in site.declared.routes if isinstance(row.handler, Process)
    }
    made = [_record(each, site.module, of_process=each in processes) for each in tables]
    return [each for each in made if each is not None]


def best(records: list[Record], key: str, name: str) -> Record | None:
    """The table with that key, the one whose name stands in the message's before others."""
    fitting = [each for each in records if not key or each.key == key]
    named = [each for each in fitting if set(words(each.name)) <= set(_singulars(name))]
    return next(iter([*named, *fitting]), None)


def first_table(site: Site, fields: tuple[Field, ...]) -> Record:
    """Adds the table that a module is called after."""
    return add_table(site, pascal(table_name(singular(site.module))), fields)


def add_table(site: Site, name: str, fields: tuple[Field, ...]) -> Record:
    """Adds a table, with its migration, and names the tables on the front page."""
    page = _models(site)
    absent(page, name)
    base = _base(page)
    page = page.with_names("sqlmodel", "Field", "SQLModel")
    for module, names in _imports(fields):
        page = page.with_names(module, *names)
    table = table_name("_".join(words(name)))
    facts = {"name": name, "table": table, "fields": fields, "noun": " ".join(words(name))}
    site.plan.put(page.with_block(rendered("table", base=base, **facts)))
    _add_migration(site, table, facts)
    front = site.plan.page(site.front).with_names(f"modules.{site.module}.models", base)
    site.plan.put(FrontPage(front).with_keyword("tables", f"{base}.metadata"))
    required = frozenset(each.name for each in fields[1:] if not each.optional)
    return Record(name, fields, required)


def _models(site: Site) -> Page:
    path = Path("modules", site.module, "models.py")
    if site.declared.tables is not None and not site.plan.exists(path):
        raise CommandError(
            f"module {site.module} has its tables elsewhere than in {path}",
            "a table is added beside the others; nothing was written",
            f"${{EDITOR:-vi}} {site.front}",
        )
    site.plan.make_missing(path, rendered("models", module=site.module))
    return site.plan.page(path)


def _base(page: Page) -> str:
    """The class that all tables derive from: the one with `registry=`."""
    import ast

    for node in page.tree.body:
        if isinstance(node, ast.ClassDef) and any(it.arg == "registry" for it in node.keywords):
            return node.name
    raise CommandError(
        f"{page.path} has no class with registry=module_registry()",
        "all tables of a module derive from it; nothing was written",
        f"${{EDITOR:-vi}} {page.path}",
    )


def _add_migration(site: Site, table: str, facts: dict[str, Any]) -> None:
    folder = Path("modules", site.module, "migrations")
    for path in (folder, folder / "versions"):
        docstring = "migrations_init" if path == folder else "versions_init"
        site.plan.make_missing(path / "__init__.py", rendered(docstring, module=site.module))
    known = revisions(site.plan.root / folder)
    number = f"{int(known[-1]) + 1 if known else 1:04d}"
    exact = sorted({each.type.python for each in facts["fields"]} & {"Decimal"})
    columns = sorted(
        {each.type.migrated.removesuffix("()") for each in facts["fields"]} & {"Cents", "Exact"}
    )
    moments = any(each.kind == "moment" for each in facts["fields"])
    text = rendered(
        "migration",
        number=number,
        before=f'"{known[-1]}"' if known else "None",
        columns=columns if exact else [],
        moments=moments,
        **facts,
    )
    site.plan.make(folder / "versions" / f"{number}_{table}.py", text)


def _imports(fields: tuple[Field, ...]) -> list[tuple[str, tuple[str, ...]]]:
    pythons = {each.type.python for each in fields}
    exact = {
        each.type.column.removeprefix("sa_type=")
        for each in fields
        if "sa_type" in each.type.column
    }
    found = [
        ("datetime", tuple(sorted(pythons & {"date", "datetime"}))),
        ("decimal", tuple(pythons & {"Decimal"})),
        ("uuid", tuple(pythons & {"UUID"})),
        ("amphibus.columns", tuple(sorted(exact))),
    ]
    return [(module, names) for module, names in found if names]


def _is_table(each: Any, page: Any) -> bool:
    return (
        isinstance(each, type)
        and issubclass(each, SQLModel)
        and each.__module__ == page.__name__
        and hasattr(each, "__table__")
    )


def _record(table: Any, module: str, *, of_process: bool) -> Record | None:
    columns = list(table.__table__.columns)
    keys = [each for each in columns if each.primary_key]
    if len(keys) != 1 or _kind(keys[0]) is None:
        return None
    ordered = [*keys, *(each for each in columns if not each.primary_key)]
    purpose = f"to handle {module.replace('_', ' ')}"
    fields = tuple(
        Field(each.name, kind, bool(each.nullable), purpose)
        for each in ordered
        if (kind := _kind(each)) is not None
    )
    required = frozenset(
        each.name
        for each in ordered[1:]
        if not each.nullable and table.model_fields[each.name].is_required()
    )
    return Record(table.__name__, fields, required, of_process)


def _kind(column: Any) -> str | None:
    kind = column.type
    # Exact is an integer to the database; of others the type that they decorate tells what they hold.
    bare = kind.impl if isinstance(kind, sa.TypeDecorator) and not isinstance(kind, Exact) else kind
    if isinstance(bare, sa.String):
        return _LENGTHS.get(bare.length or 0)
    return next((name for each, name in _KINDS if isinstance(bare, each)), None)


def _singulars(name: str) -> list[str]:
    return [each for word in words(name) for each in (word, singular(word))]
