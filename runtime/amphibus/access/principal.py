"""The principal of a message: for whom it is sent, and who sends it in his name.

It travels as attributes of the envelope: `actor`, who acts; `onbehalfof`, for whom, where that is somebody else;
`tenant`; and `scopes`. A door sets them once. Every effect carries them on, but for the scopes: what a module sends, it
sends by its own right.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal, get_args

from amphibus.access.scopes import EVERYTHING, allows, reaches_all
from amphibus.contract.texts import wrong_in

Kind = Literal["user", "service", "operator", "timer", "anonymous", "unknown"]

ACTOR: Final = "actor"
ON_BEHALF_OF: Final = "onbehalfof"
TENANT: Final = "tenant"
SCOPES: Final = "scopes"
NAMES: Final = frozenset((ACTOR, ON_BEHALF_OF, TENANT, SCOPES))
LONGEST_SUBJECT: Final = 200
LONGEST_SCOPES: Final = 1_000
NOBODY: Final[Mapping[str, str]] = MappingProxyType({})
"""The attributes of a message without a principal."""
_KINDS: Final = frozenset(get_args(Kind))


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever a message is for. Two are the same if nothing of them differs."""

    subject: str = ""
    """The name that its issuer gives it; empty for one that nobody knows."""
    kind: Kind = "unknown"
    tenant: str = ""
    scopes: frozenset[str] = frozenset()
    """The rights with which it came in at the door. What a module sends for it has none."""
    actor: str = ""
    """The one who acts for it, as `kind:subject`, where that is somebody else."""

    @property
    def name(self) -> str:
        """Returns the kind and the subject in one text, with the tenant if there is one."""
        return f"{self.kind}:{self.owner}"

    @property
    def owner(self) -> str:
        """Returns the text that objects of this principal have as their owner: the subject, within its tenant.

        A subject with a slash has an empty tenant before it where it has none, so that it is nobody's of a tenant.
        """
        within = self.tenant or "/" in self.subject
        return f"{self.tenant}/{self.subject}" if within else self.subject

    def may(self, scope: str) -> bool:
        """Returns whether it has a right."""
        return allows(self.scopes, scope)

    def reaches_all(self, scope: str) -> bool:
        """Returns whether it has a right over what belongs to others too."""
        return reaches_all(self.scopes, scope)


ANYBODY: Final = Principal(kind="anonymous")
"""Whoever came in without saying who it is."""
DEVELOPER: Final = Principal("developer", "user", scopes=EVERYTHING)
"""Whoever calls from this machine, where no issuer is configured."""
UNKNOWN_PRINCIPAL: Final = Principal()


@lru_cache(maxsize=4_096)
def attributes_of(principal: Principal) -> Mapping[str, str]:
    """Returns a principal as attributes of an envelope, which many messages share."""
    said = f"{principal.kind}:{principal.subject}"
    found = {ACTOR: principal.actor or said}
    if principal.actor:
        found[ON_BEHALF_OF] = said
    if principal.tenant:
        found[TENANT] = principal.tenant
    if principal.scopes:
        found[SCOPES] = " ".join(sorted(principal.scopes))
    return MappingProxyType(found)


def principal_of(attributes: Mapping[str, str]) -> Principal:
    """Returns the principal that attributes name; one of kind `unknown` if they name none."""
    actor = attributes.get(ACTOR)
    if actor is None:
        return UNKNOWN_PRINCIPAL
    behalf, tenant = attributes.get(ON_BEHALF_OF, ""), attributes.get(TENANT, "")
    return _principal(actor, behalf, tenant, attributes.get(SCOPES, ""))


def carried(attributes: Mapping[str, str]) -> Mapping[str, str]:
    """Returns what an effect carries on of its cause: for whom, and not with which scopes."""
    actor = attributes.get(ACTOR)
    if actor is None:
        return NOBODY
    return _carried(actor, attributes.get(ON_BEHALF_OF, ""), attributes.get(TENANT, ""))


def as_timer(attributes: Mapping[str, str], module: str) -> Mapping[str, str]:
    """Returns the attributes of a deadline: the timer acts, for whom the process was begun."""
    person = principal_of(attributes)
    actor = f"timer:{module}"
    if person.kind in ("unknown", "timer"):
        return attributes_of(Principal(module, "timer"))
    return attributes_of(Principal(person.subject, person.kind, person.tenant, actor=actor))


def wrong_in_principal(attributes: Mapping[str, str]) -> str | None:
    """Returns what is wrong with the text of a principal, or None."""
    for name in (ACTOR, ON_BEHALF_OF):
        text = attributes.get(name)
        if text is not None and text.partition(":")[0] not in _KINDS:
            return f"its {name} has none of the kinds {', '.join(get_args(Kind))}"
    if ACTOR not in attributes and any(each in attributes for each in (ON_BEHALF_OF, SCOPES)):
        return "it is sent on behalf of somebody, and nobody says that he acts"
    return None


def wrong_in_tenant(tenant: str) -> str | None:
    """Returns what is wrong with the name of a tenant, or None: its end must be seen in the owner of an object."""
    return "has a slash" if "/" in tenant else wrong_in_subject(tenant)


def wrong_in_subject(subject: str) -> str | None:
    """Returns what is wrong with the name of somebody, or None."""
    if not subject:
        return "is empty"
    return wrong_in(subject, LONGEST_SUBJECT)


def scopes_in(text: str | Iterable[str]) -> frozenset[str]:
    """Returns the scopes in a text with spaces between them, or in a list."""
    return frozenset(text.split() if isinstance(text, str) else text)


@lru_cache(maxsize=4_096)
def _principal(actor: str, behalf: str, tenant: str, scopes: str) -> Principal:
    kind, _, subject = (behalf or actor).partition(":")
    known = kind if kind in _KINDS else "unknown"
    return Principal(
        subject,
        known,  # type: ignore[arg-type]
        tenant,
        scopes_in(scopes),
        actor if behalf else "",
    )


@lru_cache(maxsize=4_096)
def _carried(actor: str, behalf: str, tenant: str) -> Mapping[str, str]:
    named = ((ACTOR, actor), (ON_BEHALF_OF, behalf), (TENANT, tenant))
    return MappingProxyType({name: text for name, text in named if text})
