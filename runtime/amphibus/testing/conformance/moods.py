"""The behaviour of handlers: a message says it in its mood, a test may hold them up and sees what they did.

A mood is one of `fail N` (the first N attempts), `away N` (the first N runs), `broken` (until healed), `refuse CODE
WHY`, `hold` (until the gate opens), `deaf` (so too, whoever cancels it), `kill`, `exit`, `says nul|surrogate` (an error
whose text no database holds), `linger` (a task that outlives the handler), and the ways to ruin a transaction: `sql`,
`commit`, `rollback`, `close`, the last three also by its `connection`, as a `statement` and by its `driver`, and then
to write. It is the desk's; `outside MOOD` is for its step before the transaction, `readers MOOD` for the readers.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from dependency_injector import containers, providers
from sqlalchemy import text

from amphibus.context import Context, Outside
from amphibus.errors import AmphibusError, Refused, Unavailable

UNSTORABLE: Final = {"nul": "bad \x00 byte", "surrogate": "cannot open caf\udce9.txt"}

_RUINOUS = (
    "sql",
    "scribble",
    "commit",
    "rollback",
    "close",
    "connection",
    "statement",
    "bare",
    "driver",
)


class Broken(Exception):
    """The error of a handler in a bad mood."""


@dataclass
class Script:
    """Shared by all handlers of a test; outlives restarts of the modules."""

    runs: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often a message was run, by place and message id."""
    seen: list[tuple[str, str, int]] = field(default_factory=list)
    """Place, book and line of every run, in order."""
    outside_results: list[Any] = field(default_factory=list)
    """What handlers were given as the result of their outside step."""
    held: int = 0
    """How many wait at the gate."""
    healed: bool = False
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    lingering: list["asyncio.Future[list[str]]"] = field(default_factory=list)
    """Tasks that have outlived their handlers."""
    renewals: int = 0
    """How often a loan was renewed."""
    deadline_failures: int = 0
    """How many deadlines fail before one succeeds."""

    def reach_deadline(self) -> None:
        """Called by every deadline."""
        if self.deadline_failures:
            self.deadline_failures -= 1
            raise Broken("deadline")

    async def act(self, place: str, message: Any, who: Context[Any] | Outside[Any]) -> None:
        """Does what the message's mood says."""
        identity = (place, who.message_id)
        self.runs[identity] += 1
        self.seen.append((place, message.book, getattr(message, "line", 0)))
        mood, _, rest = message.mood.partition(" ")
        whose = mood if mood in ("outside", "readers") else "desk"
        if not place.endswith(whose):
            return
        if whose == mood:
            mood, _, rest = rest.partition(" ")
        match mood:
            case "fail" if self._attempt(identity, who) <= int(rest):
                raise Broken(rest)
            case "broken" if not self.healed:
                raise Broken(place)
            case "away" if self.runs[identity] <= int(rest):
                raise Unavailable("gone to lunch")
            case "refuse":
                code, _, why = rest.partition(" ")
                raise Refused(code, why or "not today")
            case "hold" | "deaf":
                await self._hold(deaf=mood == "deaf")
            case "kill" if not self.healed:
                os.kill(os.getpid(), signal.SIGKILL)
            case how if how in _RUINOUS and isinstance(who, Context):
                await self._ruin(mood, rest, who)
            case _:
                self._misbehave(mood, rest, who)

    def _attempt(self, identity: tuple[str, str], who: Context[Any] | Outside[Any]) -> int:
        """Counts as the runtime does: one that failed among others of its commit is run again alone, as the same."""
        return who.attempt if isinstance(who, Context) else self.runs[identity]

    def _misbehave(self, how: str, rest: str, who: Context[Any] | Outside[Any]) -> None:
        if how == "exit" and not self.healed:
            sys.exit("a library ends the process")
        if how == "says":
            raise Broken(UNSTORABLE[rest])
        if how == "linger" and isinstance(who, Context):
            self.lingering.append(asyncio.ensure_future(self._linger(who)))

    async def _hold(self, *, deaf: bool) -> None:
        self.held += 1
        try:
            while not self.gate.is_set():
                with contextlib.suppress(*(asyncio.CancelledError,) * deaf):
                    await self.gate.wait()
        finally:
            self.held -= 1

    async def _linger(self, context: Context[Any]) -> list[str]:
        """Uses what a handler was given once the gate opens, long after it has ended; returns what came of it."""
        await self.gate.wait()
        found: list[str] = []
        uses: tuple[Callable[[], None], ...] = (
            lambda: context.recall("reminder", "b"),
            lambda: context.db.add(object()),
            context.publish,
        )
        for use in uses:
            try:
                use()
            except AmphibusError as error:
                found.append(type(error).__name__)
        return found

    async def _ruin(self, how: str, rest: str, context: Context[Any]) -> None:
        if self.healed:
            return
        if how in ("connection", "statement", "bare", "driver"):
            await _end_by(how, rest, context)
        elif how == "commit":
            await context.db.commit()
        elif how == "rollback":
            await context.db.rollback()
        elif how == "close":
            await context.db.close()
        else:
            book = "'scribble'" if how == "scribble" else "NULL"
            statement = f"INSERT INTO line (book, line, what, late) VALUES ({book}, 0, '', false)"
            await (await context.db.connection()).execute(text(statement))


async def _end_by(door: str, how: str, context: Context[Any]) -> None:
    """Ends the transaction by another door than the session's, and writes as if nothing were."""
    with contextlib.suppress(Exception):
        connection = await context.db.connection()
        if door == "statement":
            await connection.execute(text(f"{how} /* by hand */"))
        elif door == "bare":
            options = {"no_parameters": True}
            await connection.exec_driver_sql(f"{how} /* by hand */", execution_options=options)
        elif door == "driver":
            getattr((await connection.get_raw_connection()).driver_connection, how)()
        else:
            await getattr(connection, how)()
    with contextlib.suppress(Exception):
        line = "INSERT INTO line (book, line, what, late) VALUES ('b10', 11, 'after', false)"
        await (await context.db.connection()).execute(text(line))
    raise Broken(how)


class TinyContainer(containers.DeclarativeContainer):
    """The container of every module of the tiny business."""

    config = providers.Configuration()
    script: providers.Provider[Script] = providers.Object(Script())


def container_with(script: Script) -> TinyContainer:
    """A container whose handlers follow that script."""
    container = TinyContainer()
    container.script.override(providers.Object(script))
    return container
