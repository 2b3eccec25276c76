"""Rights on objects: whose a thing is, as its contract declares with `owned_by`, and what that means for a message."""

from typing import Any, Final, TypeVar

from amphibus.access.principal import Principal
from amphibus.contract import PUBLIC, Message, kind_of
from amphibus.contract.rights import has_path

M = TypeVar("M", bound=Message)
NOT_YOURS: Final = "not_found"
"""The code of a refusal where the contract declares none with the status 404."""
_NOT_FOUND: Final = 404


def sees_all(principal: Principal, contract: type[Message]) -> bool:
    """Returns whether somebody's right on a contract is over what others own too."""
    requires, owned = contract.contract_requires, contract.contract_owned_by
    if owned is None or requires is None or requires == PUBLIC:
        return True
    # A gateway of an older version says nothing, and asked nobody.
    return principal.kind == "unknown" or principal.reaches_all(requires)


def owner_is_in(contract: type[Message]) -> bool:
    """Returns whether a message itself says whose the object is."""
    owned = contract.contract_owned_by
    return owned is not None and has_path(contract.model_fields, owned)


def code_not_found(contract: type[Message]) -> str:
    """Returns the code with which a thing is refused that is somebody else's: the same as if there were none."""
    codes = [code for code, status in contract.contract_refuses.items() if status == _NOT_FOUND]
    return codes[0] if codes else NOT_YOURS


def codes_of(contract: type[Message]) -> frozenset[str]:
    """Returns the codes with which a contract may be refused: those that it declares, and what is not found."""
    more = () if contract.contract_owned_by is None else (code_not_found(contract),)
    return frozenset((*contract.contract_refuses, *more))


def owner_said(message: Message) -> str | None:
    """Returns whose the object is, as the message says."""
    found: Any = message
    for name in str(type(message).contract_owned_by).split("."):
        found = None if found is None else getattr(found, name)
    return None if found is None else str(found)


def of_its_own(message: M, principal: Principal) -> M | None:
    """Returns a message as it is handled for somebody who has his own alone; None if the object is another's.

    Where it names no owner, that is whoever asks; a command of somebody whom nobody knows is about what nobody owns.
    """
    said = owner_said(message)
    if said is None and principal.subject:
        return with_owner(message, principal.owner)
    if said is None and kind_of(type(message)) == "command":
        return message
    return message if said is not None and said == principal.owner else None


def with_owner(message: M, owner: str) -> M:
    """Returns a message that names no owner, with one."""
    filled: M = _filled(message, str(type(message).contract_owned_by).split("."), owner)
    return filled


def _filled(value: Any, path: list[str], owner: str) -> Any:
    name, *rest = path
    inner = getattr(value, name)
    if rest and inner is None:
        return value
    return value.model_copy(update={name: _filled(inner, rest, owner) if rest else owner})
