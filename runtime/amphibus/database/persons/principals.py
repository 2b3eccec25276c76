"""The principal of a message, as a column holds it: whether that is a person, and the same without its name."""

import json
from typing import Final

from amphibus.access.principal import ACTOR, ON_BEHALF_OF, TENANT
from amphibus.database.persons.bodies import Sought, replaced

_WHO: Final = (ACTOR, ON_BEHALF_OF)


def told_by(extra: str | None) -> set[str]:
    """Returns the names of whom a message was sent for, with the tenant and without."""
    said = json.loads(extra) if extra else {}
    names = {str(said[each]).partition(":")[2] for each in _WHO if each in said}
    tenant = said.get(TENANT, "")
    return names | {f"{tenant}/{each}" for each in names if tenant or "/" in each}


def without_principal(extra: str | None, person: Sought) -> str | None:
    """Returns attributes, as a column holds them, with another name for the person."""
    if person.subject not in told_by(extra):
        return extra
    said = json.loads(extra or "{}")
    for each in _WHO:
        kind, _, name = str(said.get(each, "")).partition(":")
        if name and (name == person.subject or person.subject.endswith(f"/{name}")):
            said[each] = f"{kind}:{replaced(name, person)}"
    return json.dumps(said)
