"""The reason why an attempt to handle a message failed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed, as it is kept: text without personal data."""

    reason: str
    error: str
    traceback: str = ""
    retry_after: float | None = None
