"""The lock of the rights, `config/access.lock.json`: who reaches which route. It is generated, and reviewed.

A change of a contract, of a role or of an owner shows there as a change of who may do what.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from amphibus.access.roles import Roles
from amphibus.access.scopes import allows, reaches_all
from amphibus.contract import PUBLIC, Message

LOCK: Final = Path("config/access.lock.json")
Json = dict[str, Any]


def access_lock(contracts: Iterable[type[Message]], roles: Roles) -> Json:
    """Returns the content of the lock: every route with the right that it needs, and the roles that have it."""
    routed = [each for each in contracts if each.contract_http is not None]
    return {_route(each): _entry(each, roles) for each in sorted(routed, key=_route)}


def lock_text(lock: Mapping[str, Any]) -> str:
    """Returns the lock as its file holds it."""
    return json.dumps(lock, indent=2) + "\n"


def is_fresh(root: Path, lock: Mapping[str, Any]) -> bool:
    """Returns whether the file of a project holds a lock; without a route there need be none."""
    try:
        return (root / LOCK).read_text(encoding="utf-8") == lock_text(lock)
    except FileNotFoundError:
        return not lock


def _route(contract: type[Message]) -> str:
    http = contract.contract_http
    return "" if http is None else f"{http.method} {http.path}"


def _entry(contract: type[Message], roles: Roles) -> Json:
    requires, owned = contract.contract_requires, contract.contract_owned_by
    entry: Json = {"contract": contract.contract_type, "requires": requires}
    if owned is not None:
        entry["owned_by"] = owned
    if requires is None or requires == PUBLIC:
        return entry
    names = sorted(roles.scopes)
    entry["roles"] = [each for each in names if allows(roles.scopes[each], requires)]
    if owned is not None:
        entry["over_all"] = [each for each in names if reaches_all(roles.scopes[each], requires)]
    return entry
