"""The values by which a front page says how messages are handled. What is None is said elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

OnDead = Literal["continue", "block"]
Per = str | Callable[[Any], object]
"""A field of the message, or a function of it: each of its values has a limit of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """The consequences of failures. The settings `bus.*` say what is None."""

    attempts: int | None = None
    """Attempts until the message is dead."""
    quick: int | None = None
    """Tries at once after a failure, before the message is delayed."""
    first: float | None = None
    """Seconds until the first delayed retry."""
    factor: float | None = None
    """Growth of each wait over the one before."""
    limit: float | None = None
    """Most seconds between two retries."""
    jitter: float | None = None
    """Part of each wait that is random."""
    dead: tuple[type[BaseException], ...] = ()
    """Exceptions after which it is dead at once; of the classes of one, the nearest that is named counts."""
    again: tuple[type[BaseException], ...] = ()
    """Exceptions after which it is tried again, though a class above them is among `dead`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The handling of messages. A module's holds for all of its routes, as far as they say nothing else."""

    retries: Retries = Retries()
    on_dead: OnDead | None = None
    timeout: float | None = None
    """Seconds until the handler has failed."""
    outside_timeout: float | None = None
    """Seconds until the result of the outside step is `UNKNOWN`."""
    at_most: int | None = None
    """So many at once, in all instances together."""
    rate: str | None = None
    """So many in a time, in all instances together, such as `50/s`."""
    per: Per | None = None
