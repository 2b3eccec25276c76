"""The policy of one type of message as it is applied: everything is said."""

from dataclasses import dataclass, fields, replace
from typing import Any

from amphibus.policy.declared import OnDead, Per, Policy, Retries


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyInForce:
    """The handling of one type of message to a module."""

    attempts: int
    quick: int
    first: float
    factor: float
    limit: float
    jitter: float
    timeout: float
    outside_timeout: float = 10.0
    on_dead: OnDead = "continue"
    dead: tuple[type[BaseException], ...] = ()
    again: tuple[type[BaseException], ...] = ()
    at_most: int | None = None
    rate: str | None = None
    per: Per | None = None

    def under(self, policy: Policy) -> "PolicyInForce":
        """Returns this one, changed by what a policy says."""
        return replace(self, **_said(policy), **_said(policy.retries))

    @property
    def limited(self) -> bool:
        """Returns whether not all that comes may begin."""
        return self.at_most is not None or self.rate is not None

    def says_dead(self, error: BaseException, spares: tuple[type[BaseException], ...]) -> bool:
        """Returns whether a message is dead at once after an error; those of `spares` only if they are named."""
        for each in type(error).__mro__:
            if each in self.dead:
                return True
            if each in self.again or each in spares:
                return False
        return False


def _said(declared: Policy | Retries) -> dict[str, Any]:
    found = {each.name: getattr(declared, each.name) for each in fields(declared)}
    return {
        name: value
        for name, value in found.items()
        if value is not None and value != () and name != "retries"
    }
