"""The end of a contract, said long before it comes."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Deprecated:
    """The days between which a contract still works and should not be used any more."""

    since: date
    sunset: date
    """The day from which it may be gone."""
    use: str = ""
    """The contract that takes its place, such as `orders.PlaceOrder.v2`."""

    def __post_init__(self) -> None:
        """Checks the order of the days.

        Raises:
            ValueError: it ends before it is deprecated.
        """
        if self.sunset <= self.since:
            message = (
                f"its sunset, {self.sunset}, is not after {self.since}, since when it is deprecated"
            )
            raise ValueError(message)

    def __str__(self) -> str:
        """The sentence."""
        instead = f"; use {self.use}" if self.use else ""
        return f"deprecated since {self.since}, ends on {self.sunset}{instead}"
