"""The normal form of a schema: the alternatives of each kind of value, references and combinations worked out.

It is lazy: the schemas of fields and items stay nodes, so that a recursive schema has a finite form.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from amphibus.contract.inclusion.alternatives import (
    Alternative,
    FieldRule,
    ItemRule,
    Lists,
    Numbers,
    Objects,
    Plain,
    Shape,
    Texts,
)
from amphibus.contract.inclusion.formats import ANNOTATIONS
from amphibus.contract.inclusion.keywords import bounds_of, items_of, refuse_unknown, types_of
from amphibus.contract.inclusion.limits import Beyond, Effort
from amphibus.contract.inclusion.nodes import ANYTHING, Node, Part, node
from amphibus.contract.inclusion.values import KINDS, Kind, exact, identity, kind_of_value

NormalForm = Mapping[Kind, tuple[Alternative, ...]]
_MOST: Final = 200
"""Alternatives of one kind; a product of unions has more only where nobody could read it."""
_EVERYTHING: Final[NormalForm] = {
    "null": (Alternative("null", Plain(), (None,)),),
    "boolean": (Alternative("boolean", Plain(), (False, True)),),
    "number": (Alternative("number", Numbers()),),
    "string": (Alternative("string", Texts()),),
    "array": (Alternative("array", Lists()),),
    "object": (Alternative("object", Objects()),),
}


class NormalForms:
    """The normal forms of one comparison, each made once."""

    def __init__(self, effort: Effort, *, formats: bool = True) -> None:
        self._effort = effort
        self._formats = formats
        self._constants: dict[Any, Node] = {}
        self._known: dict[frozenset[tuple[int, int]], NormalForm] = {}
        self._being_made: set[tuple[int, int]] = set()

    def of(self, it: Node) -> NormalForm:
        """The normal form of a node.

        Raises:
            Beyond: it is too large, refers to itself without end, or is not understood.
        """
        if it.key not in self._known:
            form = _EVERYTHING
            for part in it.parts:
                form = self._met(form, self._of_part(part))
            self._known[it.key] = form
        return self._known[it.key]

    def constant(self, value: Any) -> Node:
        """A node that allows one value alone; the same node for equal values."""
        return self._constants.setdefault(identity(value), node({"const": value}))

    def _of_part(self, part: Part) -> NormalForm:
        if part.key in self._being_made:
            raise Beyond("a schema is defined by nothing but itself")
        self._being_made.add(part.key)
        try:
            form = _EVERYTHING
            for each in part.followed():
                form = self._met(form, self._of_schema(each))
            return form
        finally:
            self._being_made.discard(part.key)

    def _of_schema(self, part: Part) -> NormalForm:
        raw = part.raw
        if isinstance(raw, bool):
            return _EVERYTHING if raw else {}
        if not isinstance(raw, dict):
            raise Beyond(f"{raw!r} is no schema")
        refuse_unknown(raw)
        form = _plain(part, formats=self._formats)
        for each in raw.get("allOf", ()):
            form = self._met(form, self._of_part(part.at(each)))
        if "anyOf" in raw:
            form = self._met(form, _joined([self._of_part(part.at(e)) for e in raw["anyOf"]]))
        if "oneOf" in raw:
            form = self._met(form, self._one_of(part))
        if "not" in raw:
            form = _less(form, (Node((part.at(raw["not"]),)),))
        return self._met(form, self._conditional(part)) if "if" in raw else form

    def _one_of(self, part: Part) -> NormalForm:
        members = part.raw["oneOf"]
        forms: list[NormalForm] = []
        for place, each in enumerate(members):
            others = [part.at(it) for at, it in enumerate(members) if at != place]
            form = self._of_part(part.at(each))
            excluded = tuple(Node((it,)) for it in others if self._of_part(it).keys() & form.keys())
            forms.append(_less(form, excluded))
        return _joined(forms)

    def _conditional(self, part: Part) -> NormalForm:
        raw = part.raw
        condition = part.at(raw["if"])
        then = self._met(self._of_part(condition), self._of_part(part.at(raw.get("then", True))))
        otherwise = self._of_part(part.at(raw.get("else", True)))
        return _joined([then, _less(otherwise, (Node((condition,)),))])

    def _met(self, one: NormalForm, other: NormalForm) -> NormalForm:
        if one is _EVERYTHING or other is _EVERYTHING:
            return other if one is _EVERYTHING else one
        found: dict[Kind, tuple[Alternative, ...]] = {}
        for kind in one.keys() & other.keys():
            self._effort.spend(len(one[kind]) * len(other[kind]))
            pairs = tuple(left.meet(right) for left in one[kind] for right in other[kind])
            if len(pairs) > _MOST:
                raise Beyond("a combination of unions has too many alternatives")
            found[kind] = pairs
        return {kind: found[kind] for kind in KINDS if kind in found}


def _joined(forms: Iterable[NormalForm]) -> NormalForm:
    found: dict[Kind, tuple[Alternative, ...]] = {}
    for form in forms:
        for kind, each in form.items():
            found[kind] = found.get(kind, ()) + each
    if any(len(each) > _MOST for each in found.values()):
        raise Beyond("a union has too many alternatives")
    return found


def _less(form: NormalForm, nodes: tuple[Node, ...]) -> NormalForm:
    if not nodes:
        return form
    return {kind: tuple(each.without(nodes) for each in form[kind]) for kind in form}


def _plain(part: Part, *, formats: bool) -> NormalForm:
    """The meaning of the schema's own keywords, combinations aside."""
    raw = part.raw
    types = types_of(raw) if "type" in raw else ("null", "boolean", "number", *KINDS[3:])
    listed = _listed(raw)
    found: dict[Kind, tuple[Alternative, ...]] = {}
    for kind in KINDS:
        whole = kind == "number" and "integer" in types and "number" not in types
        if kind not in types and not whole:
            continue
        values = _EVERYTHING[kind][0].values
        if listed is not None:
            values = tuple(each for each in listed if kind_of_value(each) == kind)
            if not values:
                continue
        shape = _SHAPES[kind](part)
        if isinstance(shape, Texts) and not formats:
            shape = replace(shape, formats=frozenset())
        shape = shape.meet(Numbers(step=exact(1))) if whole else shape
        found[kind] = (Alternative(kind, shape, values),)
    return found


def _listed(raw: Mapping[str, Any]) -> tuple[Any, ...] | None:
    if "enum" not in raw:
        return (raw["const"],) if "const" in raw else None
    if not isinstance(raw["enum"], list):
        raise Beyond("'enum' is no list of values")
    wanted = identity(raw["const"]) if "const" in raw else None
    return tuple(each for each in raw["enum"] if wanted is None or identity(each) == wanted)


def _numbers(part: Part) -> Shape:
    step = exact(part.raw["multipleOf"]) if "multipleOf" in part.raw else None
    if step is not None and step <= 0:
        raise Beyond("'multipleOf' is not more than 0")
    return Numbers(*bounds_of(part.raw), step)


def _texts(part: Part) -> Shape:
    raw = part.raw
    low, high = (exact(raw[each]) if each in raw else None for each in ("x-minimum", "x-maximum"))
    return Texts(
        raw.get("minLength", 0),
        raw.get("maxLength"),
        frozenset([raw["pattern"]] if "pattern" in raw else []),
        frozenset([raw["format"]] if raw.get("format") not in {None, *ANNOTATIONS} else []),
        Numbers(low=low, high=high),
    )


def _lists(part: Part) -> Shape:
    raw = part.raw
    first, rest = items_of(raw)
    contains: tuple[tuple[Node, int, int | None], ...] = ()
    if "contains" in raw:
        inner = Node((part.at(raw["contains"]),))
        contains = ((inner, raw.get("minContains", 1), raw.get("maxContains")),)
    rule = ItemRule(tuple(Node((part.at(each),)) for each in first), Node((part.at(rest),)))
    return Lists(
        (rule,) if first or rest is not True else (),
        raw.get("minItems", 0),
        raw.get("maxItems"),
        bool(raw.get("uniqueItems")),
        contains,
    )


def _objects(part: Part) -> Shape:
    raw = part.raw
    rule = FieldRule(
        {name: Node((part.at(each),)) for name, each in raw.get("properties", {}).items()},
        {name: Node((part.at(each),)) for name, each in raw.get("patternProperties", {}).items()},
        Node((part.at(raw.get("additionalProperties", True)),)),
    )
    if not isinstance(raw.get("required", []), list):
        raise Beyond("'required' is no list of names")
    dependent = raw.get("dependentRequired", {}).items()
    schemas = raw.get("dependentSchemas", {}).items()
    return Objects(
        (rule,),
        frozenset(raw.get("required", ())),
        raw.get("minProperties", 0),
        raw.get("maxProperties"),
        Node((part.at(raw["propertyNames"]),)) if "propertyNames" in raw else ANYTHING,
        tuple((name, frozenset(others)) for name, others in dependent),
        tuple((name, Node((part.at(each),))) for name, each in schemas),
    )


_SHAPES: Final[Mapping[Kind, Any]] = {
    "null": lambda _: Plain(),
    "boolean": lambda _: Plain(),
    "number": _numbers,
    "string": _texts,
    "array": _lists,
    "object": _objects,
}
