"""The finders and pages of a repository: one for each way in which an index of the table leads to its rows."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Index, Table, UniqueConstraint

from amphibus.repository.shape import Shape


@dataclass(frozen=True, slots=True)
class Finder:
    """A method that finds rows by the first columns of an index, and the order that the index has them in."""

    equal: tuple[str, ...]
    """The fields whose values are given."""
    single: bool
    """One row at most has them."""
    order: tuple[str, ...]
    """The fields that pages are ordered by; none where the index orders nothing else, or fields may be empty."""

    @property
    def suffix(self) -> str:
        """The end of the method's name."""
        return "_and_".join(self.equal)


def finders_of(shape: Shape) -> list[Finder]:
    """The finders of a table, each way once, in the order of its indexes."""
    found: dict[tuple[str, ...], Finder] = {}
    for fields, unique in _indexes(shape):
        for count in range(1, len(fields) + 1):
            equal = fields[:count]
            if set(shape.key) <= set(equal):
                break
            single = unique and count == len(fields)
            known = found.get(equal)
            if known is None or single or not (known.single or known.order):
                order = () if single else _order(shape, equal, fields)
                found[equal] = Finder(equal, single, order)
    return list(found.values())


def paged_by(shape: Shape) -> list[tuple[str, ...]]:
    """The orders in which all rows can be read page by page: that of the key, and of each index."""
    orders = [shape.key]
    orders += [_order(shape, (), fields) for fields, _ in _indexes(shape)]
    return [each for each in dict.fromkeys(orders) if each]


def _order(shape: Shape, equal: tuple[str, ...], fields: tuple[str, ...]) -> tuple[str, ...]:
    rest = [name for name in fields if name not in equal]
    rest += [name for name in shape.key if name not in (*rest, *equal)]
    return () if any(shape.columns[name].nullable for name in rest) else tuple(rest)


def _indexes(shape: Shape) -> list[tuple[tuple[str, ...], bool]]:
    """The fields of each index, and whether it lets no two rows have the same; those on expressions are left out."""
    table: Table = shape.table
    found: dict[tuple[str, ...], bool] = {}
    if len(shape.key) > 1:
        found[shape.key] = True
    fields = {column: name for name, column in shape.columns.items()}
    unique: list[Any] = [each for each in table.constraints if isinstance(each, UniqueConstraint)]
    indexes: list[Any] = sorted(table.indexes, key=_name)
    for each in (*indexes, *sorted(unique, key=_name)):
        names = tuple(fields.get(column, "") for column in each.columns)
        whole = not isinstance(each, Index) or len(each.expressions) == len(names)
        partial = isinstance(each, Index) and any(
            each.dialect_options[dialect].get("where") is not None
            for dialect in ("sqlite", "postgresql")
        )
        if names and all(names) and whole and not partial:
            found[names] = (
                found.get(names, False) or isinstance(each, UniqueConstraint) or each.unique
            )
    return list(found.items())


def _name(each: Any) -> str:
    return str(each.name or "")
