"""The alternatives of two unions that belong together."""

from collections.abc import Sequence

from amphibus.evolution.forms.places import Place


def paired(old: Sequence[Place], new: Sequence[Place], mark: str) -> list[tuple[Place, Place]]:
    """Alternatives that are the same, then those of one mark, then those of one name, then those of one kind."""

    def _same_mark(one: Place, other: Place) -> bool:
        values = [each.fields[mark].values for each in (one, other) if mark in each.fields]
        return len(values) == len((one, other)) and values[0] == values[1] != []

    pairs: list[tuple[Place, Place]] = []
    for alike in (_same, _same_mark, _same_name, _same_kind):
        for one in old:
            if among(one, [each for each, _ in pairs]):
                continue
            free = [each for each in new if not among(each, [other for _, other in pairs])]
            found = next((each for each in free if alike(one, each)), None)
            if found is not None:
                pairs.append((one, found))
    return [(one, other) for each in old for one, other in pairs if one is each]


def among(one: Place, many: Sequence[Place]) -> bool:
    """Returns whether it is one of them: the same, and not only alike."""
    return any(one is each for each in many)


def _same(one: Place, other: Place) -> bool:
    return one.shape() == other.shape()


def _same_name(one: Place, other: Place) -> bool:
    return bool(one.name) and one.name == other.name


def _same_kind(one: Place, other: Place) -> bool:
    mark = (one.kind, one.schema.get("format"))
    return not one.name and not other.name and mark == (other.kind, other.schema.get("format"))
