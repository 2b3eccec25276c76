"""The reason why an attempt to handle a message failed."""

from dataclasses import dataclass
from typing import Final

from amphibus.contract.texts import storable

_LONGEST_ERROR: Final = 2_000
_LONGEST_TRACEBACK: Final = 40_000


@dataclass(frozen=True, slots=True)
class Failure:
    """The reason why an attempt failed, as it is stored: text without personal data."""

    reason: str
    error: str
    traceback: str = ""
    retry_after: float | None = None
    """Seconds until the next attempt makes sense, if somebody knows."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "error", storable(self.error, _LONGEST_ERROR))
        object.__setattr__(self, "traceback", storable(self.traceback, _LONGEST_TRACEBACK))


@dataclass(frozen=True, slots=True)
class FailedMessage:
    """A message that a module could not handle, and what became of it: `delayed`, `dead` or `failed`."""

    module: str
    type: str
    id: str
    key: str | None
    state: str
    failure: Failure
