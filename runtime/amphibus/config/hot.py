"""The mark of a setting that may change while its process runs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hot:
    """Stands with the type of a setting: `attempts: Annotated[int, Hot()] = 8`.

    Whoever uses it reads it each time, from the section or the container that it was given.
    """

    unit: str = ""
    """Of its value, where the name does not say it as `..._seconds` does."""
