"""The check of a front page's converters between versions of one contract."""

from collections.abc import Iterator

from amphibus.contract import Message, kind_of
from amphibus.module import Convert, Module
from amphibus.routing.own_answer import fields_beside


def problems_of_convert(where: str, module: Module, convert: Convert) -> Iterator[str]:
    """Yields what is wrong with a converter, in words."""
    source, target = convert.source, convert.target
    pair = f"{source.contract_type} to {target.contract_type}"
    if (source.contract_owner, source.contract_name) != (
        target.contract_owner,
        target.contract_name,
    ):
        yield f"{where} converts {pair}, which are not versions of one contract"
    elif source.contract_owner != module.name:
        yield f"{where} converts {pair}, which it does not own"
    elif kind_of(source) == "event" and source not in module.publishes:
        yield f"{where} converts {pair}, but does not publish {source.contract_type}"
    elif kind_of(source) != "event" and target not in {row.contract for row in module.handles}:
        yield f"{where} converts {pair}, but does not handle {target.contract_type}"
    elif kind_of(source) != "event" and convert.answer is None and _answers_differ(source, target):
        yield (
            f"{where} converts {pair}, whose answers differ: "
            "give convert(..., answer=...), which makes the old answer of the new one"
        )


def _answers_differ(source: type[Message], target: type[Message]) -> bool:
    old, new = source.answer_type(), target.answer_type()
    if old is None or old is new:
        return False
    return kind_of(source) == "query" or bool(fields_beside(target, old))
