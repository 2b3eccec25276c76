"""The end of an effort: a schema that asks for too much, or for what is not understood, is unknown and no pass."""

from dataclasses import dataclass
from typing import Final

MOST_STEPS: Final = 60_000
"""Steps of proof, search and validation for one pair of schemas, some tenths of a second in all."""


class Beyond(Exception):
    """A schema that cannot be judged; its text is the reason."""


@dataclass(slots=True)
class Effort:
    """The steps that are left."""

    left: int = MOST_STEPS

    def spend(self, steps: int = 1) -> None:
        """Takes steps off.

        Raises:
            Beyond: none is left.
        """
        self.left -= steps
        if self.left < 0:
            raise Beyond("the schemas are too large to be compared in bounded time")
