"""The differences between two types: null, kinds, lists, the values of an enum, and unions."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any, Final

from amphibus.evolution.differences.bounds import at_end, of_bounds
from amphibus.evolution.differences.changes import Change, Path, of_objects, shown, written
from amphibus.evolution.differences.pairs import among, paired
from amphibus.evolution.forms.places import NAME, Place

_ENCODINGS: Final = ("binary", "base64url", "base64", "duration")
_NUMBERS: Final = ("integer", "number")


def differences(old: Place, new: Place, path: Path = ()) -> Iterator[Change]:
    """Yields every difference between two schemas of one value."""
    if old.nullable != new.nullable and old.members and new.members:
        said = "may be null now" if new.nullable else "may no longer be null"
        yield Change("FLD13" if new.nullable else "FLD14", path, f"{_at(path)} {said}")
    if _is_of_one_kind(old, new):
        yield from _of_validators(old, new, path)
    if len(old.members) == 1 and len(new.members) == 1:
        yield from _of_one(old.members[0], new.members[0], path)
    else:
        yield from _of_several(old, new, path)


def _of_one(old: Place, new: Place, path: Path) -> Iterator[Change]:
    if old.stands_in_itself and new.stands_in_itself:
        return
    if old.kind == new.kind == "enum":
        yield from _of_values(old, new, path)
    elif "enum" in (old.kind, new.kind) and {old.kind, new.kind} <= {"enum", "string"}:
        narrower = new.kind == "enum"
        said = (
            "was any text and is one of a list now"
            if narrower
            else "was one of a list and is any text now"
        )
        yield Change("ENM05", path, f"{_at(path)} {said}")
    elif old.kind != new.kind:
        yield _of_kinds(old, new, path)
    elif old.kind == "object":
        yield from of_objects(old, new, path, differences)
    elif old.kind == "map":
        yield from differences(
            old.inner("additionalProperties"), new.inner("additionalProperties"), (*path, "*")
        )
        yield from _of_names(old.names, new.names, (*path, NAME))
        yield from of_bounds(old, new, path)
    elif old.kind == "array":
        yield from _of_lists(old, new, path)
        yield from of_bounds(old, new, path)
    else:
        yield from _of_scalars(old, new, path)


def _of_names(old: Place, new: Place, path: Path) -> Iterator[Change]:
    """The differences between the names in two mappings: whatever a name stands for, it is text."""
    for each in differences(old, new, path):
        if each.rule == "TYP01" and "string" in (old.kind, new.kind):
            yield replace(each, rule="TYP03" if old.kind == "string" else "TYP02")
        else:
            yield each


def _is_of_one_kind(old: Place, new: Place) -> bool:
    """Returns whether the same is asked of the same; another type has other validators anyhow."""
    if old.stands_in_itself and new.stands_in_itself:
        return False
    kinds = [[(one.kind, one.schema.get("format")) for one in each.members] for each in (old, new)]
    return kinds[0] == kinds[1] or min(map(len, kinds)) > 1


def _of_validators(old: Place, new: Place, path: Path) -> Iterator[Change]:
    before, after = old.validators, new.validators
    if before != after:
        names = sorted(
            {each.partition(":")[0].rpartition(".")[2] for each in set(before) ^ set(after)}
        )
        said = f"the validators of {_at(path)} changed: {', '.join(names) or 'their order'}"
        yield Change("TYP10", path, said)
    if old.serializers != new.serializers:
        yield Change("TYP10", path, f"{_at(path)} is written by other code now")
    made = [_made(each) for each in (old, new)]
    if made[0] != made[1]:
        said = f"{_at(path)} was taken {_as(made[0])} and is taken {_as(made[1])} now"
        yield Change("TYP10", path, said)
    if old.is_strict != new.is_strict:
        said = "is strict now" if new.is_strict else "is no longer strict"
        yield Change("TYP09", path, f"{_at(path)} {said}")


def _made(place: Place) -> str:
    """The changes that are made to a text that is taken."""
    found = [
        each.schema.get("x-made-of") or [*filter(None, [each.schema.get("x-changed")])]
        for each in place.said_by
    ]
    return ", ".join(name for names in found for name in names)


def _as(change: str) -> str:
    return f"with {change}" if change else "as it stands"


def _of_kinds(old: Place, new: Place, path: Path) -> Change:
    said = f"{_at(path)} was {_kind(old)} and is {_kind(new)} now"
    if "array" in (old.kind, new.kind):
        return Change("TYP05", path, said)
    if {old.kind, new.kind} == set(_NUMBERS):
        return Change("TYP02" if new.kind == "number" else "TYP03", path, said)
    formats = {old.schema.get("format"), new.schema.get("format")}
    if "anything" in (old.kind, new.kind):
        return Change("TYP02" if new.kind == "anything" else "TYP03", path, said)
    if formats & {"decimal"}:
        return Change("TYP04", path, said)
    return Change("TYP08" if formats & set(_ENCODINGS) else "TYP01", path, said)


def _of_scalars(old: Place, new: Place, path: Path) -> Iterator[Change]:
    before, after = old.schema.get("format", ""), new.schema.get("format", "")
    if before != after:
        encoded = {before, after} & set(_ENCODINGS)
        said = f"{_at(path)} was {_kind(old)} and is {_kind(new)} now"
        yield Change("TYP08" if encoded else "TYP04", path, said)
        return
    encodings = [each.schema.get("x-encoding", "the usual one") for each in (old, new)]
    if encodings[0] != encodings[1]:
        said = f"the encoding of {_at(path)} was {encodings[0]} and is {encodings[1]} now"
        yield Change("TYP08", path, said)
    places = [each.schema.get("x-decimal-places") for each in (old, new)]
    if places[0] != places[1]:
        said = f"{_at(path)} had {places[0]} digits behind the point and has {places[1]} now"
        yield Change("TYP04", path, said)
    if old.schema.get("x-numbers", False) != new.schema.get("x-numbers", False):
        wider = bool(new.schema.get("x-numbers"))
        said = f"{_at(path)} {'takes numbers too now' if wider else 'no longer takes numbers'}"
        yield Change("TYP02" if wider else "TYP03", path, said)
    yield from of_bounds(old, new, path)


def _of_lists(old: Place, new: Place, path: Path) -> Iterator[Change]:
    yield from _of_order(old, new, path)
    before, after = (each.schema.get("prefixItems", []) for each in (old, new))
    if len(before) != len(after):
        had, has = (_places(each, some) for each, some in ((old, before), (new, after)))
        said = f"{_at(path)} had {had} and has {has} now"
        yield Change("TYP06", path, said)
    for place, (one, other) in enumerate(zip_longest(before, after)):
        if one is not None and other is not None:
            yield from differences(old.at(one), new.at(other), (*path, f"[{place}]"))
    if "items" in old.schema and "items" in new.schema:
        yield from differences(old.inner("items"), new.inner("items"), (*path, "[]"))


def _of_order(old: Place, new: Place, path: Path) -> Iterator[Change]:
    """The differences between the names of places: they are not on the wire, and what stands at each is."""
    before, after = (each.schema.get("x-places", []) for each in (old, new))
    if not before or not after or before == after:
        return
    moved = [each for each in before if each in after and before.index(each) != after.index(each)]
    if not moved:
        said = f"the places of {_at(path)} are called {', '.join(after)} now"
        yield Change("FLD17", path, said)
        return
    read = ", ".join(
        f"{one} as {other}" for one, other in zip(before, after, strict=False) if one != other
    )
    yield Change(
        "TYP06",
        path,
        f"the places of {_at(path)} were {', '.join(before)} and are {', '.join(after)} now",
        severity="error",
        document=at_end(path, before),
        refusal=f"is read in another order: {read}",
    )


def _places(place: Place, prefix: Sequence[Any]) -> str:
    if not prefix and "items" in place.schema:
        return "any number of places"
    return f"{len(prefix)} {'place' if len(prefix) == 1 else 'places'}"


def _of_values(old: Place, new: Place, path: Path) -> Iterator[Change]:
    gone = [each for each in old.values if each not in new.values]
    more = [each for each in new.values if each not in old.values]
    if old.schema.get("x-open") and not new.schema.get("x-open"):
        yield Change("ENM06", path, f"the list of {_at(path)} is closed now")
    elif new.schema.get("x-open") and not old.schema.get("x-open"):
        yield Change("FLD17", path, f"the list of {_at(path)} is open now")
    if len(old.values) == len(new.values) == len(gone) == 1:
        said = f"{_at(path)} was always {shown(gone[0])} and is always {shown(more[0])} now"
        yield Change("ENM07", path, said)
        return
    if gone and len(gone) == len(more):
        said = f"{_list(gone)} of {_at(path)} is called {_list(more)} now"
        yield Change("ENM04", path, said)
        return
    if gone:
        yield Change("ENM03", path, f"{_list(gone)} is removed from {_at(path)}")
    if more:
        open_ = old.schema.get("x-open")
        yield Change("ENM02" if open_ else "ENM01", path, f"{_list(more)} is added to {_at(path)}")


def _of_several(old: Place, new: Place, path: Path) -> Iterator[Change]:
    if old.discriminator != new.discriminator and len(old.members) > 1 and len(new.members) > 1:
        said = f"the alternatives of {_at(path)} are told apart by {new.discriminator or 'nothing'} now"
        yield Change("UNI03", path, said)
    code = [each.schema.get("x-told-by") for each in (old, new)]
    if all(code) and code[0] != code[1]:
        said = f"the alternatives of {_at(path)} are told apart by other code now"
        yield Change("TYP10", path, said)
    mark = old.discriminator if old.discriminator == new.discriminator else ""
    pairs = paired(old.members, new.members, mark)
    for one, other in pairs:
        for each in differences(one, other, path):
            told_by = each.path == (*path, old.discriminator) and each.rule[:3] in ("ENM", "TYP")
            yield Change("UNI04", each.path, each.what) if told_by else each
    matched_old, matched_new = [one for one, _ in pairs], [other for _, other in pairs]
    gone = [each for each in old.members if not among(each, matched_old)]
    more = [each for each in new.members if not among(each, matched_new)]
    if more:
        rule = (
            "UNI01"
            if len(old.members) > 1
            else "UNI05"
            if old.members and old.members[0].kind == "object"
            else "TYP02"
        )
        yield Change(rule, path, f"{_at(path)} may be {_kinds(more)} too now")
    if gone:
        rule = (
            "UNI02"
            if len(old.members) > 1 and (len(new.members) > 1 or gone[0].kind == "object")
            else "TYP03"
        )
        yield Change(rule, path, f"{_at(path)} may no longer be {_kinds(gone)}")
    order = [matched_new.index(each) for each in new.members if among(each, matched_new)]
    if order != sorted(order) and not new.discriminator:
        yield Change("UNI06", path, f"the alternatives of {_at(path)} stand in another order")


def _at(path: Path) -> str:
    return written(path) or "the whole"


def _list(values: Sequence[Any]) -> str:
    return ", ".join(shown(each) for each in values)


def _kinds(places: Sequence[Place]) -> str:
    return " or ".join(each.name or _kind(each) for each in places)


def _kind(place: Place) -> str:
    kind = {
        "array": "a list",
        "object": "an object",
        "map": "a mapping",
        "enum": "one of a list",
    }.get(place.kind, place.kind)
    format_ = place.schema.get("format")
    return f"{kind} ({format_})" if format_ else kind
