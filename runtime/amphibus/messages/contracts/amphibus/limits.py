"""The answers about limits that operators set, and their parts. Times are microseconds since the epoch."""

from amphibus.contract import Value


class LimitedType(Value):
    """A limit that an operator set for one type of message to a module."""

    type: str
    since: int
    until: int | None
    """None until it is unset."""
    at_most: int | None
    rate: str | None
    reason: str


class ModuleLimits(Value):
    """The limits that operators set for a module."""

    limits: tuple[LimitedType, ...]
