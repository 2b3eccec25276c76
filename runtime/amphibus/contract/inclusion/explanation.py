"""The explanation of a witness: the place that the reader refuses, and the rule of the catalogue that it falls under.

The ids are those of `docs/contracts.md`. Which of a pair of ids it is depends on the side that changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from amphibus.contract.inclusion.alternatives import Alternative, Lists, Objects
from amphibus.contract.inclusion.nodes import NOTHING, Node
from amphibus.contract.inclusion.normal_form import NormalForm, NormalForms
from amphibus.contract.inclusion.objects import field_of
from amphibus.contract.inclusion.validation import Failure, Step, Validation
from amphibus.contract.inclusion.values import kind_of_value

Side = Literal["reader", "writer"]
_PAIRS: Final[dict[str, tuple[str, str]]] = {
    "required": ("FLD03", "FLD05"),
    "sometimes": ("FLD10", "FLD11"),
    "closed": ("FLD07", "FLD02"),
    "closed to others": ("FLD16", "FLD02"),
    "null": ("FLD14", "FLD13"),
    "disjoint": ("TYP01", "TYP01"),
    "cardinality": ("TYP05", "TYP05"),
    "kinds": ("TYP03", "TYP02"),
    "format": ("TYP04", "TYP04"),
    "member": ("ENM03", "ENM01"),
    "text to enum": ("ENM05", "ENM05"),
    "constant": ("ENM07", "ENM07"),
    "union": ("UNI02", "UNI01"),
    "pattern": ("CON03", "CON03"),
    "multiple": ("CON04", "CON04"),
    "bound": ("CON01", "CON02"),
}
"""What the reader refuses: the rule where the reader is the newer side, and where the writer is."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The place in the witness, and the rule."""

    path: tuple[Step, ...]
    rule: str
    name: str | None = None
    """The field that is missing or is one too many."""
    of_names: bool = False
    """The name itself is refused, and not what it names."""


class Explainer:
    """Explains the witnesses of one comparison."""

    def __init__(self, forms: NormalForms, validation: Validation) -> None:
        self._forms = forms
        self._validation = validation

    def explain(self, writer: Node, reader: Node, witness: Any, newer: Side) -> Explanation:
        """The place at which a reader refuses a witness, and the rule for a change of the newer side."""
        failure = next(self._validation.failures(reader, witness))
        while failure.keyword in ("anyOf", "oneOf") and not failure.about:
            nearer = self._nearest(failure, inside(witness, failure.path))
            if nearer is None:
                break
            failure = nearer
        mine = self._at(writer, witness, failure.path)
        theirs = self._at(reader, witness, failure.path)
        cause = _cause(failure, inside(witness, failure.path), mine, theirs)
        name = failure.about if isinstance(failure.about, str) else None
        rule = _PAIRS[cause][newer == "writer"]
        return Explanation(failure.path, rule, name, failure.keyword == "propertyNames")

    def _nearest(self, union: Failure, value: Any) -> Failure | None:
        """The failure in the one member that takes such values; None where not exactly one does."""
        found: list[Failure] = []
        for each in union.part.raw[union.keyword]:
            member = Node((union.part.at(each),))
            failures = list(self._validation.failures(member, value, union.path))
            if not any(_wholly_other(failure, len(union.path)) for failure in failures):
                found.append(failures[0])
        return found[0] if len(found) == 1 else None

    def _at(self, whole: Node, witness: Any, path: tuple[Step, ...]) -> NormalForm:
        """The normal form of what stands at a place, in the alternative that takes the document around it."""
        form = self._forms.of(whole)
        for number, step in enumerate(path):
            around = inside(witness, path[:number])
            alternatives = form.get(kind_of_value(around), ())
            found = [it for each in alternatives if (it := _part_of(each, step)) is not None]
            fitting = [
                each for each in found if self._validation.allows(each, inside(around, (step,)))
            ]
            form = self._forms.of((fitting or found or [NOTHING])[0])
        return form


def inside(value: Any, path: Sequence[Step]) -> Any:
    """Returns what stands at a place of a document."""
    for step in path:
        value = value[step]
    return value


def _wholly_other(failure: Failure, depth: int) -> bool:
    """True if a member of a union is for other values: of another kind, or with another mark of its own."""
    if len(failure.path) == depth:
        return failure.keyword in ("type", "false", "const", "enum")
    return len(failure.path) == depth + 1 and failure.keyword == "const"


def _part_of(it: Alternative, step: Step) -> Node | None:
    if isinstance(it.shape, Objects) and isinstance(step, str):
        return field_of(it.shape, step)
    return it.shape.item(step) if isinstance(it.shape, Lists) and isinstance(step, int) else None


def _cause(failure: Failure, value: Any, mine: NormalForm, theirs: NormalForm) -> str:
    keyword = failure.keyword
    if keyword in _BY_NAME:
        known = any(failure.about in each.shape.named for each in mine.get("object", ()))
        return _BY_NAME[keyword][known]
    if kind_of_value(value) not in theirs:
        return _of_kinds(value, mine, theirs)
    if keyword == "type":
        return "kinds"
    if keyword in ("const", "enum"):
        return _of_values(mine.get(kind_of_value(value), ()), keyword)
    if keyword == "pattern":
        shapes = [each.shape for each in mine.get("string", ())]
        return "pattern" if any(shape.patterns for shape in shapes) else "bound"
    return _BY_KEYWORD.get(keyword, "bound")


def _of_kinds(value: Any, mine: NormalForm, theirs: NormalForm) -> str:
    if value is None:
        return "null"
    ours, others = mine.keys() - {"null"}, theirs.keys() - {"null"}
    if ours & others:
        return "kinds"
    return "cardinality" if ("array" in ours) != ("array" in others) and others else "disjoint"


def _of_values(mine: Sequence[Alternative], keyword: str) -> str:
    counts = [None if each.values is None else len(each.values) for each in mine]
    if None in counts:
        return "text to enum"
    return "constant" if keyword == "const" and sum(filter(None, counts)) == 1 else "member"


_BY_NAME: Final = {
    "required": ("required", "sometimes"),
    "additionalProperties": ("closed to others", "closed"),
    "dependentRequired": ("required", "sometimes"),
}
"""By whether the writer names the field."""
_BY_KEYWORD: Final = {
    "format": "format",
    "multipleOf": "multiple",
    "anyOf": "union",
    "oneOf": "union",
}
