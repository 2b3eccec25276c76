"""Gives each message of a type that is limited its turn, in all instances together, by what the module's store says."""

import asyncio
import contextlib
from collections.abc import Callable
from enum import Enum
from typing import Final

from amphibus.clock import SECOND, Clock, elapsed
from amphibus.database.steering.limits import waits_for_its_turn
from amphibus.database.steering.permits import Line
from amphibus.database.store import Store
from amphibus.inbox.attempt import Attempt, Origin
from amphibus.inbox.limits.in_force import LimitsInForce
from amphibus.inbox.limits.ledger import Ledger
from amphibus.inbox.limits.line import Waiting, WaitingLine
from amphibus.inbox.limits.overflow import ROOM, Overflow
from amphibus.inbox.limits.turn import Turn
from amphibus.partitions.assignment import PartitionAssignment
from amphibus.supervision import Supervisor

_LOOK: Final = SECOND
_RENEW: Final = SECOND // 5
_POLL: Final = SECOND // 10
"""The time after which a line that waits for a permit asks again."""
_AT_ONCE: Final = SECOND // 100
"""The same for one that wants more than it said."""
_REQUEST_SECONDS: Final = 2.0
"""The time that somebody who waits for an answer may wait for a turn."""
_TROUBLE_SECONDS: Final = 1.0


class NoTurn(Enum):
    """The reason why a message has no turn."""

    GIVEN_UP = "given up"
    """Its partition is given away, or the module stops."""
    FULL = "full"
    """So many wait in memory that it has to wait among the delayed ones."""
    LATE = "late"
    """Somebody waits for an answer and should come again."""


class Limits:
    """A `Service`: the turns of one module in one instance."""

    def __init__(
        self,
        store: Store,
        in_force: LimitsInForce,
        *,
        ledger: Ledger,
        overflow: Overflow,
        assignment: PartitionAssignment,
        clock: Clock,
        supervisor: Supervisor,
        most_here: int,
    ) -> None:
        self.in_force = in_force
        self._most_here = most_here
        self._store = store
        self._ledger = ledger
        self._overflow = overflow
        self._assignment = assignment
        self._clock = clock
        self._lines: dict[Line, WaitingLine] = {}
        self._wake = asyncio.Event()
        self._looked = elapsed()
        self._stopped = False
        self.writes_down = False
        """Whether none that was delivered waits in memory: who has it does not keep it."""
        self._task = supervisor.task(f"limits:{store.module}", self._work)
        self.paused: Callable[[], bool] = lambda: False
        """Whether the module begins nothing."""

    async def start(self) -> None:
        """Begins to give turns."""
        self._stopped = False
        self._overflow.look_again()
        await self._task.start()

    async def started(self) -> None:
        """Returns once it gives turns."""
        await self._task.started()

    async def stop(self) -> None:
        """Gives no more turns; those that wait are given up."""
        self._stopped = True
        await self._task.stop()
        self._give_up()

    async def give_back(self) -> None:
        """Lets others have what this instance had; nothing of it is under way any more."""
        await self._ledger.give_back()

    def on_let_go(self, wake: Callable[[], None]) -> None:
        """Has somebody called when messages come back that waited among the delayed ones."""
        self._overflow.on_let_go = wake

    async def look(self) -> None:
        """Takes in what operators set.

        Raises:
            Exception: of the database; what was known stays.
        """
        self._looked = elapsed()
        if await self.in_force.look():
            for key, line in self._lines.items():
                line.limit_to(self.in_force.of(key[0]))
            self._wake.set()

    @property
    def idle(self) -> bool:
        """Returns whether nothing waits for its turn."""
        return not self._overflow and not any(line.wanted for line in self._lines.values())

    def wake(self) -> None:
        """Looks at once who may begin: partitions or the clock were moved."""
        self._wake.set()

    def concern(self, attempt: Attempt) -> bool:
        """Returns whether an attempt needs a turn."""
        limited, route = self.in_force.by_type, attempt.route
        return (
            bool(limited)
            and route is not None
            and attempt.prepared.failure is None
            and route.contract.contract_type in limited
        )

    async def turn(self, key: Line, attempt: Attempt) -> Turn | NoTurn:
        """Returns the turn of an attempt in its line once it may begin."""
        if self._abandons(attempt):
            return NoTurn.GIVEN_UP
        if attempt.origin is Origin.DELAYED:
            self._overflow.came(key)
        line = self._lines.get(key)
        apart = self.writes_down or key in self._overflow
        if (line is not None and len(line.waiting) >= ROOM) or (
            attempt.origin is Origin.DELIVERY and apart
        ):
            return NoTurn.LATE if attempt.origin is Origin.REQUEST else NoTurn.FULL
        if line is None:
            line = self._lines[key] = WaitingLine(
                key,
                self.in_force.of(key[0]),
                shared=self._ledger.shared,
                most_here=self._most_here,
            )
        waiting = Waiting(attempt, asyncio.get_running_loop().create_future())
        line.waiting.append(waiting)
        self._wake.set()
        return await self._given(waiting)

    def key(self, attempt: Attempt) -> Line:
        """Returns the line of an attempt.

        Raises:
            Exception: of the function that says for what a limit counts.
        """
        assert attempt.route is not None
        type_ = attempt.route.contract.contract_type
        return self.in_force.key(type_, attempt.prepared.message)

    def waits_apart(self, key: Line) -> str:
        """Returns the words by which one of a line waits among the delayed ones, to which it goes now."""
        self._overflow.leaves(key)
        return waits_for_its_turn(*key)

    def went_apart(self, key: Line) -> None:
        """It is there."""
        self._overflow.left(key)
        self._wake.set()

    async def _given(self, waiting: Waiting) -> Turn | NoTurn:
        patience = _REQUEST_SECONDS if waiting.attempt.origin is Origin.REQUEST else None
        try:
            given = await waiting.given(patience)
        except TimeoutError:
            return NoTurn.LATE
        return NoTurn.GIVEN_UP if given is None else given

    def _abandons(self, attempt: Attempt) -> bool:
        if self._stopped:
            return True
        token = attempt.lease_token
        return token is not None and token[0] not in self._assignment.owned

    async def _work(self) -> None:
        while True:
            self._wake.clear()
            try:
                pause = await self._round()
                self._store.health.recovered("limits")
            except Exception as error:  # noqa: BLE001 - the database may be away for a while
                self._store.health.failed("limits", error)
                pause = _TROUBLE_SECONDS
                self._give_up()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    async def _round(self) -> float:
        """Does what is to be done now; returns the seconds until it has to be done again."""
        if elapsed() - self._looked >= _LOOK:
            await self.look()
        self._give_up()
        await self._ask()
        if not self.paused():
            self._admit()
        if self._overflow:
            await self._overflow.refill(self._lines, self.in_force)
        self._lines = {key: line for key, line in self._lines.items() if not line.idle}
        return self._pause() / SECOND

    async def _ask(self) -> None:
        now, since_start = self._clock.now(), elapsed()
        asking = [line for line in self._lines.values() if self._due(line, now, since_start) <= 0]
        if asking:
            await self._ledger.ask(asking)

    def _admit(self) -> None:
        now, since_start = self._clock.now(), elapsed()
        for line in self._lines.values():
            line.admit(now, since_start, self._wake.set)

    def _give_up(self) -> None:
        for line in self._lines.values():
            line.give_up(self._abandons)

    def _due(self, line: WaitingLine, now: int, since_start: int) -> int:
        """Returns the microseconds until a line has to ask."""
        due, shares = _LOOK, self._ledger.shared and (line.limit.at_most is not None or line.held)
        if shares and (line.wanted or line.held):
            wants = line.waiting and line.free(since_start) <= 0
            pause = _RENEW if not wants else _POLL if line.wanted <= line.told else _AT_ONCE
            due = min(due, line.asked + pause - since_start)
        needs_turn = line.limit.interval is not None and line.waiting and not line.turns
        return min(due, line.not_before - now) if needs_turn and line.free(since_start) > 0 else due

    def _pause(self) -> int:
        now, since_start = self._clock.now(), elapsed()
        pauses = [self._looked + _LOOK - since_start]
        for line in self._lines.values():
            pauses.append(self._due(line, now, since_start))
            next_turn = line.next_turn()
            if next_turn is not None and line.waiting and line.free(since_start) > 0:
                pauses.append(next_turn - now)
        return max(1_000, min(pauses))
