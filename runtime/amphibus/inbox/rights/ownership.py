"""Checks whose an object is, in the transaction of its handler or on the snapshot of its query.

It concerns what came in from outside, by the gateway. What a module sends, it sends by its own right.
"""

from typing import Any

from amphibus.access.ownership import (
    code_not_found,
    of_its_own,
    owner_is_in,
    sees_all,
)
from amphibus.access.principal import Principal
from amphibus.access.refusal_counts import NOT_AUTHORIZED, Refusal
from amphibus.context import Context
from amphibus.contract import Message
from amphibus.errors import Refused
from amphibus.module import On
from amphibus.routing.topology import GATEWAY


class NotYours(Refused):
    """An object is somebody else's. Whoever asks is told the same as if there were none; `refusal` is for the audit."""

    def __init__(self, contract: type[Message], principal: Principal) -> None:
        super().__init__(code_not_found(contract))
        name = principal.name if principal.subject else None
        who = name or "somebody unnamed"
        self.refusal = Refusal(
            NOT_AUTHORIZED, who, contract.contract_type, "it belongs to somebody else", name
        )


async def within_rights(route: On, message: Message, context: Context[Any]) -> Message:
    """Returns the message as its handler may have it: a list only of what belongs to whoever asks.

    Raises:
        NotYours: the object is somebody else's.
        Refused: there is none.
    """
    contract = type(message)
    if contract.contract_owned_by is None or context.envelope.source != GATEWAY:
        return message
    principal = context.principal
    if sees_all(principal, contract):
        return message
    if owner_is_in(contract):
        own = of_its_own(message, principal)
        if own is None:
            raise NotYours(contract, principal)
        return own
    owner = None if route.owner is None else await route.owner(message, context)
    if owner is None:
        raise Refused(code_not_found(contract))
    if owner != principal.owner or not principal.subject:
        raise NotYours(contract, principal)
    return message
