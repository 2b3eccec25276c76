"""The nonsense in a policy, in words: what, why, and what to type."""

from collections.abc import Iterator
from typing import Any, Final

from amphibus.policy.declared import Policy, Retries
from amphibus.policy.rate import parse_rate

_DAY: Final = 86_400
_RANGES: Final[dict[str, tuple[type, float, float]]] = {
    "attempts": (int, 1, 1_000_000),
    "quick": (int, 0, 100),
    "first": (float, 0.001, _DAY),
    "factor": (float, 1, 100),
    "limit": (float, 0.001, _DAY),
    "jitter": (float, 0, 1),
}
_LIMITS: Final = ("at_most", "rate", "per")
_OF_WHAT_IS_KEPT: Final = ("retries", "on_dead", "outside_timeout", *_LIMITS)


def problems_of_policy(policy: Policy) -> Iterator[str]:
    """Yields what is wrong with a policy by itself."""
    if not isinstance(policy.retries, Retries):
        yield f"retries={policy.retries!r} is no Retries(...): write retries=Retries(attempts=5)"
    else:
        yield from (f"retries: {each}" for each in _problems_of_retries(policy.retries))
    if policy.on_dead not in (None, "continue", "block"):
        yield f"on_dead={policy.on_dead!r}: it is 'continue' or 'block'"
    for name in ("timeout", "outside_timeout"):
        yield from _out_of_range(name, getattr(policy, name), (float, 0.001, _DAY))
    if policy.at_most is not None and policy.at_most == 0:
        yield "at_most=0 lets nothing begin: to stop a type for a while, see amphibus pause --help"
    else:
        yield from _out_of_range("at_most", policy.at_most, (int, 1, 10_000))
    yield from _problems_of_rate(policy.rate)
    if policy.per is not None and policy.at_most is None and policy.rate is None:
        yield "per=... says for what a limit counts, and there is none: add at_most=... or rate=..."
    if policy.per is not None and not (isinstance(policy.per, str) or callable(policy.per)):
        yield f"per={policy.per!r} is neither a field's name nor a function of the message"


def problems_of_module_policy(policy: Policy) -> Iterator[str]:
    """Yields what is wrong with the policy of a whole module."""
    yield from problems_of_policy(policy)
    for name in _LIMITS:
        if getattr(policy, name) is not None:
            yield f"{name} is a limit of one type of message: write it on its on(...)"


def problems_of_query_policy(policy: Policy) -> Iterator[str]:
    """Yields what is said of a query that can only be said of what is kept."""
    plain = Policy()
    for name in _OF_WHAT_IS_KEPT:
        if getattr(policy, name) != getattr(plain, name):
            yield (
                f"{name} is said of a query, which is answered at once or not at all: take it away;"
                " bus.query_concurrency says how many are answered at once"
            )


def _problems_of_retries(retries: Retries) -> Iterator[str]:
    for name, bounds in _RANGES.items():
        yield from _out_of_range(name, getattr(retries, name), bounds)
    quick, attempts = retries.quick, retries.attempts
    if isinstance(quick, int) and isinstance(attempts, int) and quick >= attempts > 0:
        yield f"quick={quick} of attempts={attempts}: the first is no retry, so write quick={attempts - 1}"
    first, limit = retries.first, retries.limit
    if isinstance(first, int | float) and isinstance(limit, int | float) and first > limit:
        yield f"first={first:g} is longer than limit={limit:g}, the longest wait: write limit={first:g}"
    yield from _problems_of_exceptions(retries)


def _problems_of_exceptions(retries: Retries) -> Iterator[str]:
    for name in ("dead", "again"):
        given: Any = getattr(retries, name)
        wrong = [each for each in given if not _is_exception(each)] if _is_tuple(given) else [given]
        if wrong:
            yield f"{name}={wrong[0]!r} is no tuple of exception classes: write {name}=(ValueError,)"
            return
    for each in retries.again:
        if each in retries.dead:
            yield f"{each.__name__} is among dead and among again: keep one"
        elif not any(above in retries.dead for above in each.__mro__):
            yield (
                f"again=({each.__name__},) says nothing: what is not under dead=(...) is tried again anyway"
            )


def _problems_of_rate(rate: str | None) -> Iterator[str]:
    if rate is None:
        return
    try:
        parse_rate(rate)
    except (ValueError, AttributeError, TypeError):
        yield f"rate={rate!r} is no rate: write rate='50/s', '10/m', '5/h' or '1/d'"


def _out_of_range(name: str, value: Any, bounds: tuple[type, float, float]) -> Iterator[str]:
    kind, least, most = bounds
    if value is None:
        return
    fits = isinstance(value, int) if kind is int else isinstance(value, int | float)
    if not fits or isinstance(value, bool) or not least <= value <= most:
        what = "a whole number" if kind is int else "a number"
        yield f"{name}={value!r} is not {what} from {least:g} to {most:g}"


def _is_tuple(given: Any) -> bool:
    return isinstance(given, tuple)


def _is_exception(each: Any) -> bool:
    return isinstance(each, type) and issubclass(each, BaseException)
