"""Carries an attempt of a type that is limited to its turn, or to where it waits for it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from amphibus.database.steering.permits import Line
from amphibus.inbox.attempt import Attempt, Origin
from amphibus.inbox.limits.limits import Limits, NoTurn
from amphibus.inbox.limits.turn import Turn
from amphibus.inbox.outcome import Lost, Outcome, Unanswered
from amphibus.messages.envelope import Reply

Work = Callable[[Attempt], Awaitable[None]]
Fail = Callable[[Attempt, BaseException], None]


class InTurn:
    """Lives as long as the runner, whose verbs it is given: `take` runs an attempt, `record` only writes it down.

    `fail` records that it has failed.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        take: Work,
        record: Work,
        settled: Callable[[Attempt, Outcome, int | None], None],
        fail: Fail,
    ) -> None:
        self._limits = limits
        self._take = take
        self._record = record
        self._settled = settled
        self._fail = fail

    async def __call__(self, attempt: Attempt) -> None:
        """Runs an attempt once it may begin."""
        attempt.prepared = replace(attempt.prepared, waits="")
        try:
            key = self._limits.key(attempt)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the function that says for what a limit counts
            self._fail(attempt, error)
            return
        turn = await self._limits.turn(key, attempt)
        if isinstance(turn, Turn):
            await self._with(turn, attempt)
        else:
            await self._without(turn, key, attempt)

    async def _with(self, turn: Turn, attempt: Attempt) -> None:
        attempt.in_thread = turn.in_thread
        try:
            await self._take(attempt)
        finally:
            attempt.in_thread = None
            turn.end()

    async def _without(self, why: NoTurn, key: Line, attempt: Attempt) -> None:
        if why is NoTurn.FULL:
            words = self._limits.waits_apart(key)
            attempt.prepared = replace(attempt.prepared, waits=words)
            try:
                await self._record(attempt)
            finally:
                self._limits.went_apart(key)
        elif attempt.origin is Origin.REQUEST:
            detail = f"{attempt.envelope.type} is limited, and its turn did not come in time"
            self._settled(attempt, Unanswered(Reply("unavailable", detail=detail)), None)
        else:
            self._settled(attempt, Lost(), None)
