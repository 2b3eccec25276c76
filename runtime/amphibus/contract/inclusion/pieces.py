"""Division of an alternative where the reader's alternatives part: what none covers, some may cover together."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from amphibus.contract.inclusion.alternatives import (
    Alternative,
    FieldRule,
    Lists,
    Numbers,
    Objects,
    Texts,
)
from amphibus.contract.inclusion.nodes import NOTHING, Node, node
from amphibus.contract.inclusion.normal_form import NormalForms
from amphibus.contract.inclusion.objects import field_of
from amphibus.contract.inclusion.values import Kind

_MOST_VALUES: Final = 40
_BY_KIND: Final[dict[Kind, Node]] = {
    kind: node({"type": kind})
    for kind in ("null", "boolean", "number", "string", "array", "object")
}


def pieces_of(
    ours: Alternative, theirs: tuple[Alternative, ...], forms: NormalForms
) -> Iterator[Alternative]:
    """Alternatives that are one alternative together; one alone where nothing parts it."""
    shapes = [each.shape for each in theirs]
    if isinstance(ours.shape, Numbers):
        pieces: Iterator[Any] = _by_ends(ours.shape, shapes)
    elif isinstance(ours.shape, Texts):
        pieces = _by_length(ours.shape, shapes, ("shortest", "longest"))
    elif isinstance(ours.shape, Lists):
        pieces = _by_length(ours.shape, shapes, ("fewest", "most"))
    elif isinstance(ours.shape, Objects):
        pieces = _by_field(ours.shape, shapes, forms)
    else:
        pieces = iter(())
    for shape in pieces:
        yield replace(ours, shape=shape)


def _by_ends(ours: Numbers, theirs: list[Numbers]) -> Iterator[Numbers]:
    ends = sorted({end for each in theirs for end in (each.low, each.high) if end is not None})
    low = None
    for end in ends:
        yield ours.meet(Numbers(low, low is not None, end, True))
        yield ours.meet(Numbers(end, False, end, False))
        low = end
    yield ours.meet(Numbers(low, low is not None))


def _by_length(ours: Any, theirs: list[Any], names: tuple[str, str]) -> Iterator[Any]:
    low, high = names
    starts = {getattr(each, low) for each in theirs}
    starts |= {getattr(each, high) + 1 for each in theirs if getattr(each, high) is not None}
    least, most = getattr(ours, low), getattr(ours, high)
    cuts = sorted(each for each in starts if each > least and (most is None or each <= most))
    for start, end in zip([least, *cuts], [*(each - 1 for each in cuts), most], strict=True):
        yield replace(ours, **{low: start, high: end})


def _by_field(ours: Objects, theirs: list[Objects], forms: NormalForms) -> Iterator[Objects]:
    """Parts by the field that tells the reader's alternatives apart: by its presence, then by what it may hold."""
    for name in dict.fromkeys(name for each in theirs for name in each.named):
        if len({field_of(each, name).key for each in theirs}) < 2 and not _at_odds(name, theirs):
            continue
        pieces = list(_parted(ours, name, forms))
        if len(pieces) > 1:
            yield from pieces
            return


def _at_odds(name: str, theirs: list[Objects]) -> bool:
    return len({name in each.required for each in theirs}) > 1


def _parted(ours: Objects, name: str, forms: NormalForms) -> Iterator[Objects]:
    if name not in ours.required:
        yield _with(ours, name, NOTHING)
        ours = replace(ours, required=ours.required | {name})
        yield from list(_parted(ours, name, forms)) or [ours]
        return
    form = forms.of(field_of(ours, name))
    listed = [each for alternatives in form.values() for each in alternatives]
    values = [value for each in listed if each.values is not None for value in each.values]
    open_kinds = {each.kind for each in listed if each.values is None}
    if len(values) > _MOST_VALUES or len(values) + len(open_kinds) < 2:
        return
    for value in values:
        yield _with(ours, name, forms.constant(value))
    for kind in sorted(open_kinds):
        yield _with(ours, name, _BY_KIND[kind])


def _with(ours: Objects, name: str, inner: Node) -> Objects:
    return replace(ours, rules=(*ours.rules, FieldRule({name: inner})))
