"""`amphibus.contract.compatibility`: the public judgement of two JSON Schemas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from amphibus.contract.inclusion.comparison import Verdict
    from amphibus.contract.inclusion.explanation import Side
    from amphibus.contract.inclusion.validation import Step


@dataclass(frozen=True, slots=True)
class Compatibility:
    """The judgement of a writer and a reader."""

    verdict: "Verdict"
    """`compatible` is proved, `incompatible` has a witness, `unknown` has a reason and is no pass."""
    witness: Any = None
    """A document that the writer allows and the reader refuses."""
    path: str = ""
    """The place in the witness that the reader refuses, such as `lines[0].sku`; empty for the whole."""
    rule: str = ""
    """The id of the rule, such as `FLD03`: a field that is required and was not there."""
    reason: str = ""
    """Said in words where the verdict is `unknown`."""


def compatibility(
    writer: Mapping[str, Any] | bool,
    reader: Mapping[str, Any] | bool,
    *,
    newer: "Side" = "reader",
    formats: bool = False,
    examples: Sequence[Any] = (),
) -> Compatibility:
    """Judges whether a reader takes every document that a writer may write.

    Args:
        writer: a JSON Schema of draft 4 to 2020-12: all documents that may be written.
        reader: the JSON Schema of what is taken. References are followed inside a schema and never fetched.
        newer: the side that changed. Of two rules it names the one for that side: a field that the reader needs and
            the writer lacks was added (FLD03) by a newer reader, and removed (FLD05) by a newer writer.
        formats: a `format` asserts something, as Pydantic has it. JSON Schema takes it for a note.
        examples: documents of the writer, which make a witness easier to read.
    """
    # Whoever only sends or takes messages compares nothing, and should not wait for all of this to load.
    from amphibus.contract.door import come_in
    from amphibus.contract.inclusion.comparison import Comparison
    from amphibus.contract.inclusion.limits import Beyond

    try:
        come_in(writer)
        come_in(reader)
        come_in({"examples": list(examples)})
    except Beyond as why:
        return Compatibility("unknown", reason=str(why))
    comparison = Comparison(writer, reader, formats=formats)
    verdict, witness, reason = comparison.verdict(examples)
    if verdict != "incompatible":
        return Compatibility(verdict, reason=reason)
    try:
        found = comparison.explain(witness, newer)
    except (Beyond, RecursionError):
        return Compatibility(verdict, witness)
    return Compatibility(verdict, witness, _written(found.path, found.name), found.rule)


def _written(path: "Sequence[Step]", name: str | None = None) -> str:
    """A place in a document as people write it, such as `lines[0].sku`."""
    steps = [*path, *([] if name is None else [name])]
    text = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in steps)
    return text.removeprefix(".")
