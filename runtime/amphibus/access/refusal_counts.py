"""Counts what is refused at a door, until it is written into the audit: so that no flood of it fills a database.

What is refused alike to the same one is counted. Each look writes a few rows of it; the rest is one row.
"""

from collections import Counter
from typing import Final, NamedTuple

from amphibus.contract.texts import one_line, storable

NOT_AUTHENTICATED: Final = "NotAuthenticated"
NOT_AUTHORIZED: Final = "NotAuthorized"
FORGED: Final = "Forged"
MANY: Final = "many"
"""Stands for all those for whom there was no row."""
_MOST_COUNTED: Final = 1_000
_MOST_ROWS: Final = 100
_ROWS_A_LOOK: Final = 2
_LONGEST: Final = 200


class Refusal(NamedTuple):
    """A kind of refusal: `who` asked, as an address or a name, for what, and why it was refused."""

    what: str
    who: str
    object: str
    why: str
    principal: str | None = None


class RefusalCounts:
    """The refusals of one module since the last look. Lives as long as the module is hosted."""

    def __init__(self) -> None:
        self._counts: Counter[Refusal] = Counter()
        self._rows = _MOST_ROWS

    def __bool__(self) -> bool:
        return bool(self._counts)

    def note(self, refusal: Refusal, times: int = 1) -> None:
        """Counts one more; of very many different ones only how many there were."""
        kept = _storable(refusal)
        if kept not in self._counts and len(self._counts) >= _MOST_COUNTED:
            kept = _one_of_many(kept)
        self._counts[kept] += times

    def row(self) -> bool:
        """Takes a row for a refusal that is written at once; returns False if there is none left."""
        if self._rows < 1:
            return False
        self._rows -= 1
        return True

    def take(self) -> Counter[Refusal]:
        """Returns what was counted, in as many rows as there are left, and begins anew: a look brings two more."""
        counted, self._counts = self._counts, Counter()
        self._rows = min(_MOST_ROWS, self._rows + _ROWS_A_LOOK)
        taken: Counter[Refusal] = Counter()
        for refusal, times in counted.most_common():
            taken[refusal if self.row() else _one_of_many(refusal)] += times
        return taken

    def put_back(self, taken: Counter[Refusal]) -> None:
        """Counts again what could not be written."""
        for refusal, times in taken.items():
            self.note(refusal, times)


def _one_of_many(refusal: Refusal) -> Refusal:
    return Refusal(refusal.what, MANY, MANY, "of each there were fewer, or there was no room")


def _storable(refusal: Refusal) -> Refusal:
    said = (None if each is None else one_line(storable(each, _LONGEST)) for each in refusal)
    return Refusal(*said)  # type: ignore[arg-type]  # what was a text is one
