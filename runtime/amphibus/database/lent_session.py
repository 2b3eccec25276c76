"""A session that is lent to one handler, and useless once that has ended.

All handlers of a batch work in one transaction on one session. A task that outlives its handler would
write into the transaction of another one, or outside of any.
"""

from collections.abc import Callable
from typing import Any, Final, NoReturn

from sqlmodel.ext.asyncio.session import AsyncSession

from amphibus.errors import HandlerEnded

Look = Callable[..., None]
_LOOKS: Final = "amphibus_looks"


class _Ended:
    """Stands in place of a session that was taken back."""

    def __getattr__(self, name: str) -> NoReturn:
        raise HandlerEnded(
            f"a session was used after its handler had ended ({name})",
            "its transaction is over; nothing was written",
            "await all that the handler begins before it returns",
        )


_ENDED = _Ended()


def lend(session: AsyncSession) -> AsyncSession:
    """Returns the session for one handler: the same state, until `take_back`."""
    lent = type(session).__new__(type(session))
    vars(lent).update(vars(session))
    vars(lent)[_LOOKS] = []
    return lent


def look_later(session: AsyncSession, look: Look, *given: Any) -> None:
    """Has `look(session, *given)` called when the handler has ended; a session that is not lent forgets it."""
    looks: list[tuple[Look, tuple[Any, ...]]] | None = vars(session).get(_LOOKS)
    if looks is not None:
        looks.append((look, given))


def look_back(lent: AsyncSession) -> None:
    """Looks at everything that was to be looked at. What is wrong is raised."""
    for look, given in vars(lent)[_LOOKS]:
        look(lent, *given)


def take_back(lent: AsyncSession) -> None:
    """Makes a lent session refuse whatever is asked of it from now on."""
    state: dict[str, Any] = vars(lent)
    state["sync_session"] = state["_proxied"] = _ENDED
    state[_LOOKS] = None
