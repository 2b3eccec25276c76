"""The pace of the garbage collector in a process that serves for long."""

import gc
from typing import Final

_YOUNG: Final = 50_000
_OLDER: Final = 20


def look_less_often() -> None:
    """Freezes the objects that exist once all modules are open, and makes the collector look less often.

    A message leaves few cycles behind, but makes enough objects to start the collector every few milliseconds with
    its defaults. Now it looks after 50,000 more objects than were freed, some megabytes. Frozen objects belong to the
    permanent generation of CPython's `gc.freeze`.
    """
    gc.freeze()
    gc.set_threshold(_YOUNG, _OLDER, _OLDER)
