"""The pace of the garbage collector in a process that serves for long."""

import gc
from typing import Final

_YOUNG: Final = 50_000
_OLDER: Final = 20


def look_less_often() -> None:
    """Freezes the objects that exist once all modules are open, and makes the collector look less often.

    A message leaves few cycles behind, but makes objects enough to start the collector every few milliseconds, as it
    is set by default. Between two looks there are 50,000 objects more than were freed, some megabytes. What is frozen
    is what CPython's documentation of `gc.freeze` calls permanent.
    """
    gc.freeze()
    gc.set_threshold(_YOUNG, _OLDER, _OLDER)
