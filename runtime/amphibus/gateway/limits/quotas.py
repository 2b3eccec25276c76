"""The quotas that front pages declare, held where commands come in."""

from collections.abc import Callable, Hashable, Iterable
from time import monotonic
from typing import Any

from amphibus.access.ownership import of_its_own, owner_is_in, sees_all
from amphibus.access.principal import Principal
from amphibus.connections.origin import origin_of
from amphibus.contract import Message
from amphibus.gateway.limits.buckets import Buckets, refused_headers, window_of
from amphibus.gateway.problems import REFUSED, TOO_MANY, Problem, ProjectCodeFailed
from amphibus.module import Module
from amphibus.policy.quota import Quota


class Quotas:
    """Lives as long as its gateway.

    Args:
        modules: the front pages.
        now: the time in seconds.
    """

    def __init__(
        self, modules: Iterable[Module] = (), now: Callable[[], float] = monotonic
    ) -> None:
        self._declared = {
            row.contract: (row.quota, Buckets(now))
            for module in modules
            for row in module.handles
            if row.quota is not None
        }

    def another(self, message: Message, principal: Principal, peer: str) -> None:
        """Counts a command of somebody, from an address.

        Raises:
            Problem: there were too many.
        """
        found = self._declared.get(type(message))
        if found is None:
            return
        quota, buckets = found
        window = window_of(quota.rate)
        seconds = buckets.take(_whose(quota, message, principal, peer), window) if window else 0.0
        if window and seconds:
            raise Problem(
                REFUSED,
                f"{window.most} in {window.seconds} s at most",
                status=TOO_MANY.status,
                title=quota.code.replace("_", " ").capitalize(),
                code=quota.code,
                headers=refused_headers(quota.code, window, seconds),
            )


def _whose(quota: Quota, message: Message, principal: Principal, peer: str) -> Hashable:
    """Returns what a command counts for; one about what is somebody else's, for whoever sends it."""
    own = _as_its_own(message, principal)
    try:
        value = None if quota.per is None or own is None else _value(quota, own)
        value = None if value is None else str(value)
    except (Exception, SystemExit) as error:
        raise ProjectCodeFailed("what a quota counts by") from error
    if value is not None:
        return "of", value
    return "by", principal.name if principal.subject else origin_of(peer)


def _as_its_own(message: Message, principal: Principal) -> Message | None:
    contract = type(message)
    if sees_all(principal, contract) or not owner_is_in(contract):
        return message
    return of_its_own(message, principal)


def _value(quota: Quota, message: Any) -> object:
    if not isinstance(quota.per, str):
        return None if quota.per is None else quota.per(message)
    for name in quota.per.split("."):
        message = None if message is None else getattr(message, name)
    return message
