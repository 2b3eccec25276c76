"""Has a module delete what its adapters keep of a person, outside of its database."""

import asyncio
from typing import Any, Final

from amphibus.errors import RequestFailed
from amphibus.messages.contracts.amphibus.persons import PersonForgotten
from amphibus.messages.contracts.amphibus.v1 import ForgetPerson
from amphibus.module import Module, Person
from amphibus.telemetry.privacy import describe

_LONGEST_SECONDS: Final = 60.0


async def forget(module: Module, container: Any, wanted: ForgetPerson) -> PersonForgotten:
    """Calls the module's own `forget`; a module without one keeps nothing outside.

    Raises:
        RequestFailed: it failed, or did not end within a minute; whoever asks may ask again.
    """
    if module.forget is None:
        return PersonForgotten(deleted=0)
    person = Person(
        subject=wanted.subject,
        values=frozenset((wanted.subject, *wanted.values)),
        replacement=wanted.replacement,
    )
    try:
        async with asyncio.timeout(_LONGEST_SECONDS):
            return PersonForgotten(deleted=await module.forget(person, container))
    except (Exception, SystemExit) as error:
        raise RequestFailed(
            f"module {module.name} has not forgotten everything outside of its database",
            describe(error),
            "mend its forget, then ask again: it is told the same",
        ) from error
