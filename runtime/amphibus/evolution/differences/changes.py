"""The differences between two schemas of one value, each with the id of its rule: objects and their fields."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from amphibus.evolution.differences.rules import Severity
from amphibus.evolution.forms.places import MISSING, Place

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference."""

    rule: str
    path: Path
    what: str
    """The difference as the end of a sentence about the contract."""
    also: Path = ()
    """The other place of something that moved."""
    severity: Severity | None = None
    """The gravity, where it is another one than the rule's."""
    document: Any = None
    """What shows the break, where no payload does."""
    refusal: str = ""
    """What becomes of it."""
    instead: str = ""
    """What to do instead, where more can be said than the rule says."""

    @property
    def where(self) -> str:
        """The path as people write it, such as `lines[].sku`."""
        return written(self.path)


Compare = Callable[[Place, Place, Path], Iterator[Change]]


def written(path: Path) -> str:
    """Returns a path as people write it."""
    return ".".join(path).replace(".[", "[")


def of_objects(old: Place, new: Place, path: Path, inner: Compare) -> Iterator[Change]:
    """The differences between two objects and their fields."""
    gone = {name: each for name, each in old.fields.items() if name not in new.fields}
    more = {name: each for name, each in new.fields.items() if name not in old.fields}
    for before, after in _read_on(gone, more):
        if before not in gone or after not in more:
            continue  # one field became two, or two one
        there = (*path, after)
        yield Change(
            "FLD17", there, f"the field {written((*path, before))} may be called {after} too now"
        )
        yield from _of_field((old, before), (new, after), there, inner)
        del gone[before], more[after]
    for before, after in _read_on(more, gone):
        if before in more and after in gone:
            yield from _of_return((old, after), (new, before), path, inner)
            del gone[after], more[before]
    for before, after in _renamed(gone, more):
        yield _of_rename(before, gone.pop(before), after, more.pop(after), path)
    yield from _of_removed(old, new, gone, path)
    yield from _of_added(old, new, more, path)
    if old.refuses_others != new.refuses_others:
        said = "now refuses" if new.refuses_others else "no longer refuses"
        yield Change(
            "FLD16" if new.refuses_others else "FLD17",
            path,
            f"{written(path) or 'the whole'} {said} fields that it does not know",
        )
    for name in old.fields:
        if name in new.fields:
            yield from _of_field((old, name), (new, name), (*path, name), inner)


def _of_field(
    old: tuple[Place, str], new: tuple[Place, str], path: Path, inner: Compare
) -> Iterator[Change]:
    """The differences between two fields, each given by its object and its name there."""
    was, now = (each.fields[name] for each, name in (old, new))
    yield from _of_presence(old, new, path)
    lost = sorted({old[1], *was.names_on_the_wire} - {new[1], *now.other_names})
    if lost:
        what = f"{written(path)} is no longer taken under the name {' or '.join(lost)}"
        yield Change("FLD09", path, what, severity="warning")
    yield from _of_paths(was, now, path)
    yield from inner(was, now, path)


def _of_paths(was: Place, now: Place, path: Path) -> Iterator[Change]:
    """The differences between the places inside of other fields at which a field may stand."""
    before, after = ([*each.schema.get("x-paths", ())] for each in (was, now))
    alone = [bool(each.schema.get("x-elsewhere")) for each in (was, now)]
    gone = [each for each in before if each not in after]
    gone += [path[-1]] if alone == [False, True] else []
    if gone:
        what = f"{written(path)} is no longer taken from {' or '.join(gone)}"
        yield Change("FLD09", path, what, severity=None if any(alone) else "warning")
    elif before != after:
        what = f"{written(path)} is taken from {' or '.join(after)} too now"
        yield Change("FLD17", path, what)


def _of_return(
    old: tuple[Place, str], new: tuple[Place, str], path: Path, inner: Compare
) -> Iterator[Change]:
    """The differences of a field that was taken under two names, and is taken under the one from before again."""
    there, also = (*path, new[1]), (*path, old[1])
    what = f"the field {written(also)} is called {written(there)} alone again"
    yield Change("FLD08", there, what, also=also)
    yield from _of_presence(old, new, there)
    yield from inner(old[0].fields[old[1]], new[0].fields[new[1]], there)


def _of_rename(before: str, old: Place, after: str, new: Place, path: Path) -> Change:
    same = old.schema.get("x-name", before) == new.schema.get("x-name", after)
    what = f"the field {written((*path, before))} is called {after} now"
    return Change(
        "FLD09" if same else "FLD08",
        (*path, after),
        what,
        also=(*path, before),
        instead=f'read both with validation_alias=AliasChoices("{after}", "{before}") and write'
        f" {before} until nobody reads it, or declare a new version with a converter",
    )


def _of_removed(old: Place, new: Place, gone: dict[str, Place], path: Path) -> Iterator[Change]:
    for name in gone:
        needed = name in old.required
        rule = "FLD07" if new.refuses_others else "FLD05" if needed else "FLD06"
        kind = "required" if needed else "optional"
        yield Change(rule, (*path, name), f"the {kind} field {written((*path, name))} is removed")


def _of_added(old: Place, new: Place, more: dict[str, Place], path: Path) -> Iterator[Change]:
    for name in more:
        needed = name in new.required
        kind = "required" if needed else "optional"
        what = f"the {kind} field {written((*path, name))} is added"
        if old.refuses_others:
            yield Change("FLD02", (*path, name), f"{what}, and old readers forbid it")
        if needed or not old.refuses_others:
            yield Change("FLD03" if needed else "FLD01", (*path, name), what)


def _of_presence(old: tuple[Place, str], new: tuple[Place, str], path: Path) -> Iterator[Change]:
    was, now = (each.fields[name] for each, name in (old, new))
    before, after = (name in each.required for each, name in (old, new))
    if before != after:
        said = "is required now" if after else "may be left out now"
        yield Change("FLD10" if after else "FLD11", path, f"{written(path)} {said}")
    elif MISSING not in (was.default, now.default) and was.default != now.default:
        what = f"the default of {written(path)} was {was.default!r} and is {now.default!r} now"
        yield Change("FLD12", path, what)
    elif not after and (was.default is MISSING) != (now.default is MISSING):
        yield Change("FLD12", path, f"the default of {written(path)} changed")


def _read_on(gone: dict[str, Place], more: dict[str, Place]) -> list[tuple[str, str]]:
    """Fields with a new name that are taken under the old one too, as a renaming begins."""
    return [
        (before, after)
        for after, each in more.items()
        for before in gone
        if before in each.names_on_the_wire
    ]


def _renamed(gone: dict[str, Place], more: dict[str, Place]) -> list[tuple[str, str]]:
    """Fields of equal type under other names, the most alike first; the same name in Python is the same field."""
    pairs: list[tuple[float, str, str]] = []
    for before, old in gone.items():
        for after, new in more.items():
            same_name = old.schema.get("x-name", before) == new.schema.get("x-name", after)
            if same_name or old.shape() == new.shape():
                likeness = 2.0 if same_name else SequenceMatcher(None, before, after).ratio()
                pairs.append((-likeness, before, after))
    found: list[tuple[str, str]] = []
    for _, before, after in sorted(pairs):
        if all(before != one and after != other for one, other in found):
            found.append((before, after))
    return found


def shown(value: Any) -> str:
    """Returns a value as a sentence has it."""
    return f'"{value}"' if isinstance(value, str) else str(value)
