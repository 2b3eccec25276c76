"""Has a module delete what its adapters keep of a person, outside of its database."""

from typing import Any

from amphibus.messages.contracts.amphibus.persons import PersonForgotten
from amphibus.messages.contracts.amphibus.v1 import ForgetPerson
from amphibus.module import Module, Person


async def forget(module: Module, container: Any, wanted: ForgetPerson) -> PersonForgotten:
    """Calls the module's own `forget`; a module without one keeps nothing outside."""
    if module.forget is None:
        return PersonForgotten(deleted=0)
    person = Person(
        subject=wanted.subject,
        values=frozenset((wanted.subject, *wanted.values)),
        replacement=wanted.replacement,
    )
    return PersonForgotten(deleted=await module.forget(person, container))
