"""The limits that are in force: what the front page and the configuration say, and what operators set."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import structlog

from amphibus.clock import Clock, as_datetime
from amphibus.contract import Message
from amphibus.database.steering.limits import LimitSet, limits_set
from amphibus.database.steering.permits import Line
from amphibus.database.store import Store
from amphibus.inbox.limits.line import Limit
from amphibus.policy.in_force import PolicyInForce
from amphibus.policy.rate import parse_rate

_log: Any = structlog.get_logger()
_DIGITS = 16


class LimitsInForce:
    """The limits of one module as one instance sees them."""

    def __init__(self, store: Store, clock: Clock, policies: Mapping[str, PolicyInForce]) -> None:
        self._store = store
        self._clock = clock
        self.policies = policies
        """Of the types that may be limited."""
        self.set: Mapping[str, LimitSet] = {}
        """What operators set, by type."""
        self.by_type: Mapping[str, Limit] = {}
        """Of the types that are limited."""
        self._combine()

    async def look(self) -> bool:
        """Takes in what is set now; returns whether that is something else than before.

        Raises:
            Exception: of the database; what was known stays.
        """
        found = {
            each.type: each for each in await limits_set(self._store.reader, self._clock.now())
        }
        if found == self.set:
            return False
        self.set = found
        self._combine()
        said = "; ".join(map(in_words, found.values()))
        _log.info("module.limited", module=self._store.module, why=said or "as declared")
        return True

    def key(self, type_: str, message: Message | None) -> Line:
        """Returns the line of a message: its type, with a digest of that for which each the limit counts.

        Raises:
            Exception: of the function that says for what it counts.
        """
        per = self.policies[type_].per
        if per is None or message is None:
            return type_, ""
        value = getattr(message, per) if isinstance(per, str) else per(message)
        return type_, sha256(str(value).encode()).hexdigest()[:_DIGITS]

    def of(self, type_: str) -> Limit:
        """Returns the limit of a type; one that limits nothing if there is none."""
        return self.by_type.get(type_, Limit())

    def _combine(self) -> None:
        found = {type_: self._combined(type_, each) for type_, each in self.policies.items()}
        self.by_type = {type_: each for type_, each in found.items() if each != Limit()}

    def _combined(self, type_: str, policy: PolicyInForce) -> Limit:
        set_ = self.set.get(type_)
        at_most = policy.at_most if set_ is None or set_.at_most is None else set_.at_most
        text = policy.rate if set_ is None or set_.rate is None else set_.rate
        if text is None:
            return Limit(at_most)
        rate = parse_rate(text)
        return Limit(at_most, rate.interval, rate.per_second)


def in_words(limit: LimitSet) -> str:
    """Returns what an operator set, as people read it."""
    said = [f"at most {limit.at_most} at once"] if limit.at_most is not None else []
    said += [f"no more than {limit.rate}"] if limit.rate is not None else []
    end = "" if limit.until is None else f" until {as_datetime(limit.until):%Y-%m-%d %H:%M:%S}Z"
    why = f": {limit.reason}" if limit.reason else ""
    return f"{limit.type}: {' and '.join(said)}{end}{why}"
