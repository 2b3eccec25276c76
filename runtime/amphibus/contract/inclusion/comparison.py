"""The comparison of two schemas: proof first, then the search for a witness, then neither."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final, Literal

from amphibus.contract.inclusion.explanation import Explainer, Explanation, Side
from amphibus.contract.inclusion.limits import MOST_STEPS, Beyond, Effort
from amphibus.contract.inclusion.nodes import node
from amphibus.contract.inclusion.normal_form import NormalForms
from amphibus.contract.inclusion.proof import Proof
from amphibus.contract.inclusion.refutation import Refutation
from amphibus.contract.inclusion.samples import Samples
from amphibus.contract.inclusion.validation import Validation

Verdict = Literal["compatible", "incompatible", "unknown"]
NOT_DECIDED: Final = "neither a proof nor a counterexample was found"
_TOO_DEEP: Final = "the schemas are nested too deeply to be compared"


class Comparison:
    """One writer and one reader, with all that was worked out about them."""

    def __init__(self, writer: Any, reader: Any, *, formats: bool) -> None:
        self.effort = Effort()
        self.writer, self.reader = node(writer), node(reader)
        self.forms = NormalForms(self.effort, formats=formats)
        self.validation = Validation(self.effort, formats=formats)
        self.proof = Proof(self.forms, self.validation, self.effort)
        self._samples = Samples(self.forms, self.validation, self.effort)
        self._refutation = Refutation(self.proof, self._samples, self.effort)
        self._explainer = Explainer(self.forms, self.validation)

    def verdict(self, known: Sequence[Any]) -> tuple[Verdict, Any, str]:
        """The verdict, the witness and the reason where it is unknown."""
        try:
            if self.proof.within(self.writer, self.reader):
                return "compatible", None, ""
        except Beyond as reason:
            return self._refuted(known, str(reason))
        except RecursionError:
            return "unknown", None, _TOO_DEEP
        return self._refuted(known, NOT_DECIDED)

    def witnesses(self, known: Sequence[Any] = ()) -> Iterator[Any]:
        """Documents that the writer allows and the reader refuses."""
        self.effort.left = MOST_STEPS
        return self._refutation.witnesses(self.writer, self.reader, known)

    def explain(self, witness: Any, newer: Side) -> Explanation:
        """The place at which the reader refuses a witness, and the rule."""
        self.effort.left = MOST_STEPS
        return self._explainer.explain(self.writer, self.reader, witness, newer)

    def _refuted(self, known: Sequence[Any], reason: str) -> tuple[Verdict, Any, str]:
        try:
            found = list(islice(self.witnesses(known), 1))
        except Beyond as beyond:
            return "unknown", None, str(beyond)
        except RecursionError:
            return "unknown", None, _TOO_DEEP
        return ("incompatible", found[0], "") if found else ("unknown", None, reason)
