"""The answer to who asks a process what it has handled, and how long that took."""

from amphibus.contract import Value


class HandledType(Value):
    """The messages of one type that a process has taken for one module since it began."""

    module: str
    type: str
    handled: int
    refused: int
    delayed: int
    """Attempts that failed and were put off."""
    died: int
    seconds: float
    """The time in its handler, of all together."""
    slow: float
    """The seconds within which 95 of 100 were handled, as far as a histogram tells."""


class HandledTypes(Value):
    """All of them."""

    types: tuple[HandledType, ...]
