"""A policy as people read it."""

from collections.abc import Iterator

from amphibus.policy.in_force import PolicyInForce


def in_words(policy: PolicyInForce, usual: PolicyInForce) -> list[str]:
    """Returns what a policy says beyond the usual one: a part for the limits, and one for each other thing."""
    return [part for part in _parts(policy, usual) if part]


def limits_in_words(policy: PolicyInForce) -> str:
    """Returns the limits of a policy; empty where there are none."""
    said = []
    if policy.at_most is not None:
        said.append(f"at most {policy.at_most} at once")
    if policy.rate is not None:
        said.append(f"no more than {policy.rate}")
    if not said:
        return ""
    each = f" for each {per_in_words(policy)}" if policy.per is not None else ""
    return f"{' and '.join(said)}{each}, in all instances together"


def per_in_words(policy: PolicyInForce) -> str:
    """Returns that for which each a limit counts."""
    if policy.per is None or isinstance(policy.per, str):
        return policy.per or ""
    name = getattr(policy.per, "__name__", "function")
    return "value of its function" if name == "<lambda>" else f"value of {name}"


def _parts(policy: PolicyInForce, usual: PolicyInForce) -> Iterator[str]:
    yield limits_in_words(policy)
    if _waits(policy) != _waits(usual):
        yield _retries(policy)
    yield _exceptions(policy)
    if policy.on_dead != usual.on_dead:
        yield "later ones of a dead one's key wait behind it"
    if policy.timeout != usual.timeout:
        yield f"its handler ends within {policy.timeout:g} s"
    if policy.outside_timeout != usual.outside_timeout:
        yield f"its outside step within {policy.outside_timeout:g} s"


def _waits(policy: PolicyInForce) -> tuple[float, ...]:
    return (
        policy.attempts,
        policy.quick,
        policy.first,
        policy.factor,
        policy.limit,
        policy.jitter,
    )


def _retries(policy: PolicyInForce) -> str:
    if policy.attempts == 1:
        return "dead after its first failure"
    quick = min(policy.quick, policy.attempts - 1)
    said = f"{policy.attempts} attempts"
    if quick:
        said += f", {quick} of them at once again"
    later = policy.attempts - 1 - quick
    if later <= 0:
        return said
    waits = [
        min(policy.limit, policy.first * policy.factor ** min(tries, 64)) for tries in range(later)
    ]
    shown = ", ".join(f"{each:g}" for each in waits[:3])
    more = f" … up to {waits[-1]:g}" if len(waits) > 3 else ""
    return f"{said}, then after {shown}{more} s"


def _exceptions(policy: PolicyInForce) -> str:
    if not policy.dead:
        return ""
    said = f"dead at once after {', '.join(each.__name__ for each in policy.dead)}"
    if policy.again:
        said += f", not after {', '.join(each.__name__ for each in policy.again)}"
    return said
