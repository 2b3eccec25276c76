"""The rule of who may speak for whom: a principal is believed only from those who may name it.

The gateway names whom it has let in. A module carries on whom a message that it handled named. A program outside speaks
for itself alone, and an operator for an operator. It is asked of every message, whichever way it comes.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType

from amphibus.access.operator import OPERATOR
from amphibus.access.principal import (
    ACTOR,
    NAMES,
    ON_BEHALF_OF,
    SCOPES,
    wrong_in_principal,
)
from amphibus.access.refusal_counts import FORGED, Refusal
from amphibus.messages.envelope import Envelope


def without_principal(envelope: Envelope) -> Envelope:
    """Returns a message that is not believed as it is kept: it names nobody any more, should it be tried again."""
    kept = {name: text for name, text in envelope.extra.items() if name not in NAMES}
    return replace(envelope, extra=MappingProxyType(kept))


def forgery_of(envelope: Envelope, why: str) -> Refusal:
    """Returns what the audit has of a message that is not believed; `who` is what it says of its sender."""
    return Refusal(FORGED, f"sender {envelope.source}", envelope.type, why)


class Speakers:
    """The rule, for the messages to one module."""

    def __init__(self, modules: Collection[str], gateway: str) -> None:
        self._modules = modules
        self._gateway = gateway

    def forgery(self, envelope: Envelope) -> str | None:
        """Returns why a message must not be believed for whom it is sent, in words; None if it may be."""
        said = envelope.extra
        if ACTOR not in said and ON_BEHALF_OF not in said and SCOPES not in said:
            return None
        why = wrong_in_principal(said)
        if why is not None or envelope.source == self._gateway:
            return why
        if envelope.source == OPERATOR:
            return _of_operator(said)
        if envelope.source not in self._modules:
            return self._of_program(envelope.source, said)
        return self._of_module(envelope, said)

    def _of_program(self, source: str, said: Mapping[str, str]) -> str | None:
        if (
            said.get(ACTOR) == f"service:{source}"
            and ON_BEHALF_OF not in said
            and SCOPES not in said
        ):
            return None
        whom = said.get(ON_BEHALF_OF) or said.get(ACTOR)
        return (
            f"{source} is a program outside and speaks for itself alone, and says that it is {whom}"
        )

    def _of_module(self, envelope: Envelope, said: Mapping[str, str]) -> str | None:
        if SCOPES in said:
            return f"{envelope.source} is a module, which gives nobody rights, and it names scopes"
        if envelope.causation is None and not said[ACTOR].startswith(("operator:", "timer:")):
            return f"{envelope.source} names {said[ACTOR]}, and no message that it carries that on from"
        return None


def _of_operator(said: Mapping[str, str]) -> str | None:
    if said.get(ACTOR, "").startswith("operator:") and ON_BEHALF_OF not in said:
        return None
    return f"an operator speaks for himself, and says that it is {said.get(ON_BEHALF_OF) or said.get(ACTOR)}"
