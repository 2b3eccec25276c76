"""The table of the system contracts, which travel as queries do: types of the runtime's own namespace.

Whoever does not know a type says so, as of any other; a field that is not known is passed over. A change that an older
version would misread gets a new version in its type.
"""

from collections.abc import Mapping
from typing import Final

from amphibus.contract import Message
from amphibus.messages.contracts.amphibus import v1
from amphibus.messages.contracts.amphibus.v1 import Right

SYSTEM_CONTRACTS: Final[Mapping[str, type[Message]]] = {
    each.contract_type: each
    for each in vars(v1).values()
    if isinstance(each, type) and issubclass(each, Message) and each.contract_name
}
"""By type."""
SYSTEM_REQUESTS: Final = frozenset(SYSTEM_CONTRACTS)
FROM_SENDERS: Final = frozenset(
    name for name, each in SYSTEM_CONTRACTS.items() if getattr(each, "requires", "") == "sends"
)
"""Those that modules ask the receivers of their messages, whichever way."""


def why_not_allowed(type_: str, *, asking: str, asked: str, gateway: str) -> str:
    """Returns why a module may not ask another one that, or nothing.

    Whether it sends to that one is known to the way by which it asks.
    """
    right: Right = getattr(SYSTEM_CONTRACTS[type_], "requires", "act")
    registry = right == "registry" and asking == gateway
    if right in ("peer", "sends") or asking == asked or registry:
        return ""
    return f"{type_} needs the right '{right}' of {asked}, which {asking} has not"
