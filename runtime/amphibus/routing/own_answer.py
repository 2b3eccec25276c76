"""The fields that an answer needs beside the command that it answers."""

from amphibus.contract import Message, Value


def fields_beside(contract: type[Message], answer: type[Value]) -> list[str]:
    """The fields of an answer that the command's own fields do not fill: without any, nobody needs to make it."""
    return [
        name
        for name, info in answer.model_fields.items()
        if info.is_required() and name not in contract.model_fields
    ]
