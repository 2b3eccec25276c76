"""The rights that contracts declare, checked, and the lock that says who reaches which route."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from amphibus.access.lock import LOCK, access_lock, is_fresh, lock_text
from amphibus.access.ownership import owner_is_in
from amphibus.access.roles import read_roles
from amphibus.contract import PUBLIC, Message
from amphibus.contract.rights import problem_of_scope
from amphibus.module import Module, On

if TYPE_CHECKING:
    from amphibus.routing.project import Project


def problems_of_rights(project: "Project") -> list[str]:
    """Returns the routes that declare no right, and rights that cannot be checked as they are declared."""
    found = [
        f"{name} {problem}"
        for name, contract in project.contracts.items()
        for problem in _of_contract(contract)
    ]
    for module in project.modules.values():
        found += [problem for row in module.handles for problem in _of_owner(module, row)]
    return found


def stale_lock(project: "Project") -> list[str]:
    """Returns the problem of a lock that is not what the contracts and roles say."""
    if is_fresh(project.root, _lock(project)):
        return []
    return [f"{LOCK} is not what contracts and roles say: --fix rewrites it, for you to review"]


def write_lock(project: "Project") -> list[str]:
    """Writes the lock where it is stale; returns its path then."""
    lock = _lock(project)
    if is_fresh(project.root, lock):
        return []
    (project.root / LOCK).write_text(lock_text(lock), encoding="utf-8")
    return [str(LOCK)]


def _lock(project: "Project") -> dict[str, object]:
    return access_lock(project.contracts.values(), read_roles(project.root))


def _of_contract(contract: type[Message]) -> Iterator[str]:
    requires, owned, http = (
        contract.contract_requires,
        contract.contract_owned_by,
        contract.contract_http,
    )
    if requires is not None and (problem := problem_of_scope(requires)) is not None:
        yield f"has {problem}"
    if http is not None and requires is None:
        owner, verb = contract.contract_owner, "read" if http.method == "GET" else "write"
        yield (
            f"has the route {http.method} {http.path} and declares no right, so nobody gets in: add "
            f'requires="{owner}:{verb}", or requires=PUBLIC where anybody may'
        )
    if owned is not None and requires in (None, PUBLIC):
        yield f"is owned_by='{owned}', and its route asks nobody who he is: add a right, requires=\"...\""


def _of_owner(module: Module, row: On) -> Iterator[str]:
    contract = row.contract
    owned = contract.contract_owned_by
    if owned is None and row.owner is not None:
        yield (
            f"module {module.name} finds the owner for {contract.contract_type}, which has none: add "
            'owned_by="customer_id" to the contract'
        )
    if owned is not None and row.owner is None and not owner_is_in(contract):
        yield (
            f"module {module.name} does not say whose {contract.contract_type} is about: '{owned}' is no field "
            f"of it, so add on({contract.contract_name}, ..., owner=owner_of)"
        )
