"""The proof that all documents of one node are documents of another.

What it proves holds; what it does not prove may hold all the same. So whatever it leaves out of the writer's side is
more than the writer allows, and whatever it leaves out of the reader's side is less than the reader takes.
"""

from typing import Any, Final

from amphibus.contract.inclusion.alternatives import Alternative, Lists, Numbers, Objects, Texts
from amphibus.contract.inclusion.limits import Effort
from amphibus.contract.inclusion.nodes import NOTHING, Node
from amphibus.contract.inclusion.normal_form import NormalForms
from amphibus.contract.inclusion.objects import Fields
from amphibus.contract.inclusion.pieces import pieces_of
from amphibus.contract.inclusion.scalars import numbers_within, texts_within, void_texts, whole
from amphibus.contract.inclusion.validation import Validation

_MOST_SPLITS: Final = 3
Pair = tuple[frozenset[tuple[int, int]], frozenset[tuple[int, int]]]


class Proof:
    """Proofs of one comparison; what was proved or tried once is remembered."""

    def __init__(self, forms: NormalForms, validation: Validation, effort: Effort) -> None:
        self.forms = forms
        self.validation = validation
        self._effort = effort
        self._fields = Fields(self)
        self._settled: dict[Pair, bool] = {}
        self._supposed: dict[Pair, int] = {}
        self._leans_on = 0

    def within(self, writer: Node, reader: Node) -> bool:
        """Returns whether it is proved that each document of the writer is one of the reader.

        A pair that is met again inside its own proof is supposed to hold, as documents are finite. What was proved
        by a supposition is remembered only once the supposition itself is proved.
        """
        if reader.key <= writer.key:
            return True
        pair = (writer.key, reader.key)
        if pair in self._settled:
            return self._settled[pair]
        if pair in self._supposed:
            self._leans_on = min(self._leans_on, self._supposed[pair])
            return True
        self._effort.spend()
        depth = len(self._supposed)
        before, self._leans_on = self._leans_on, depth
        self._supposed[pair] = depth
        try:
            proved = self._all_within(writer, reader)
        finally:
            del self._supposed[pair]
        if not proved or self._leans_on >= depth:
            self._settled[pair] = proved
        self._leans_on = min(before, self._leans_on if proved else before)
        return proved

    def empty(self, node: Node) -> bool:
        """Returns whether it is proved that no document is valid."""
        return self.within(node, NOTHING)

    def _all_within(self, writer: Node, reader: Node) -> bool:
        theirs = self.forms.of(reader)
        return all(
            self.covered(each, writer, theirs.get(kind, ()), reader)
            for kind, alternatives in self.forms.of(writer).items()
            for each in alternatives
        )

    def covered(
        self,
        ours: Alternative,
        writer: Node,
        theirs: tuple[Alternative, ...],
        reader: Node,
        splits: int = _MOST_SPLITS,
    ) -> bool:
        """Returns whether the reader's alternatives are proved to take, together, all values of one of the writer's."""
        self._effort.spend()
        values = whole(ours)
        if values is not None:
            return all(
                self.validation.allows(reader, each)
                for each in values
                if self.validation.allows(writer, each)
            )
        if self.void(ours) or any(self.covers(each, ours) for each in theirs):
            return True
        if splits == 0 or len(theirs) < 2:
            return False
        pieces = list(pieces_of(ours, theirs, self.forms))
        return len(pieces) > 1 and all(
            self.covered(each, writer, theirs, reader, splits - 1) for each in pieces
        )

    def covers(self, theirs: Alternative, ours: Alternative) -> bool:
        """Returns whether it is proved that one alternative of the reader takes all values of one of the writer."""
        if theirs.values is not None or not _SHAPES[theirs.kind](self, theirs.shape, ours.shape):
            return False
        return all(self._apart(ours, each) for each in theirs.excluded)

    def _apart(self, ours: Alternative, node: Node) -> bool:
        """True if none of the values is valid for a node."""
        if any(self.within(node, each) for each in ours.excluded):
            return True
        return all(
            each.values is None and self.void(ours.meet(each))
            for each in self.forms.of(node).get(ours.kind, ())
        )

    def void(self, it: Alternative) -> bool:
        """Returns whether it is proved that there is no such value."""
        shape = it.shape
        if isinstance(shape, Numbers):
            return shape.void()
        if isinstance(shape, Texts):
            return void_texts(shape)
        if isinstance(shape, Lists):
            return self._void_lists(shape)
        return isinstance(shape, Objects) and self._fields.void(shape)

    def longest(self, it: Lists) -> int | None:
        """The greatest length of a list, its impossible items counted in."""
        for place in range(it.told_apart + 1):
            if it.most is not None and place >= it.most:
                return it.most
            if self.empty(it.item(place)):
                return place
        return it.most

    def _void_lists(self, it: Lists) -> bool:
        most = self.longest(it)
        return most is not None and it.fewest > most

    def _lists_within(self, theirs: Lists, ours: Lists) -> bool:
        most = self.longest(ours)
        if ours.fewest < theirs.fewest:
            return False
        if theirs.most is not None and (most is None or most > theirs.most):
            return False
        if theirs.unique and not (ours.unique or (most is not None and most < 2)):
            return False
        if not all(self._contained(each, ours) for each in theirs.contains):
            return False
        places = max(theirs.told_apart, ours.told_apart) + 1
        return all(
            self.within(ours.item(place), theirs.item(place))
            for place in range(places if most is None else min(places, most))
        )

    def _contained(self, wanted: tuple[Node, int, int | None], ours: Lists) -> bool:
        node, fewest, most = wanted
        for other, least, greatest in ours.contains:
            if least >= fewest and most == greatest and node.key == other.key:
                return True
        if most is not None and (ours.most is None or ours.most > most):
            return False
        return ours.fewest >= fewest and all(
            self.within(ours.item(place), node) for place in range(ours.told_apart + 1)
        )

    def _objects_within(self, theirs: Objects, ours: Objects) -> bool:
        return self._fields.within(theirs, ours)

    def _numbers_within(self, theirs: Numbers, ours: Numbers) -> bool:
        return numbers_within(theirs, ours)

    def _texts_within(self, theirs: Texts, ours: Texts) -> bool:
        return texts_within(theirs, ours)


_SHAPES: Final[dict[str, Any]] = {
    "null": lambda *_: True,
    "boolean": lambda *_: True,
    "number": Proof._numbers_within,  # noqa: SLF001 - its own, chosen by kind
    "string": Proof._texts_within,  # noqa: SLF001 - its own, chosen by kind
    "array": Proof._lists_within,  # noqa: SLF001 - its own, chosen by kind
    "object": Proof._objects_within,  # noqa: SLF001 - its own, chosen by kind
}
