"""Asks the module's store who may begin what: exact in all instances together, since one asks at a time."""

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, NamedTuple, Protocol, TypeVar

from amphibus.clock import DAY, SECOND, Clock, elapsed
from amphibus.database.sql import Sql
from amphibus.database.steering.permits import (
    Held,
    forget_turns,
    give_back,
    hold,
    last_turn,
    permits,
    take_turns,
)
from amphibus.inbox.limits.line import WaitingLine
from amphibus.messages.ids import new_id
from amphibus.policy.rate import AHEAD, Reserved, reserve
from amphibus.policy.shares import fair_shares, next_held

T = TypeVar("T")
_LEASE: Final = 5 * SECOND
"""The time for which permits may be used; they are renewed all the time."""
_MARGIN: Final = SECOND
_FORGET: Final = 60 * SECOND
_LONGEST: Final = 2 * DAY
"""Longer than the interval of any rate."""
_ROTATION: Final = SECOND
"""The time after which others come first, where there are fewer permits than instances that want one."""


class Exclusive(Protocol):
    """Runs a job on the store while nobody else runs one."""

    async def __call__(self, job: Callable[[Sql], Awaitable[T]]) -> T:
        """Returns what it returned, once that is committed."""
        ...


class Granted(NamedTuple):
    """The share of a line."""

    held: int
    reserved: Reserved | None


class Ledger:
    """The questions of one instance. It is `shared` where there may be others."""

    def __init__(
        self,
        exclusive: Exclusive,
        clock: Clock,
        *,
        shared: bool = False,
        call_seconds: float = 0.0,
        close: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._exclusive = exclusive
        self._close = close
        self._clock = clock
        self._holder = new_id()
        self.shared = shared
        self._asked = False
        self._forgot = 0
        self._for = _LEASE + int(call_seconds * SECOND)
        """What has begun while a permit could be used ends before it is another's, also if nobody can renew it."""

    async def ask(self, lines: Sequence[WaitingLine]) -> None:
        """Takes and gives back permits and turns, as each line wants.

        Raises:
            Exception: of the database; nobody has more than before.
        """
        asked, self._asked = elapsed(), True
        for line in lines:
            line.asked, line.told = asked, line.wanted
        try:
            granted = await self._exclusive(partial(self._grant, lines))
        except BaseException:
            # Whether they were given back is not known: what is in use goes on, and nothing new begins.
            for line in lines:
                line.held = min(line.held, line.in_use)
            raise
        for line, each in zip(lines, granted, strict=True):
            _note(line, each, asked + _LEASE - _MARGIN)

    async def give_back(self) -> None:
        """Gives back all permits; nothing is under way any more. What cannot be given back runs out."""
        if self._asked and self.shared:
            with contextlib.suppress(Exception):
                await self._exclusive(partial(give_back, holder=self._holder))
        if self._close is not None:
            await self._close()

    async def _grant(self, lines: Sequence[WaitingLine], sql: Sql) -> list[Granted]:
        held = await self._share(lines, sql) if self.shared else [line.held for line in lines]
        now = self._clock.now()
        if now > self._forgot + _FORGET:
            self._forgot = now
            await forget_turns(sql, now - _LONGEST)
        return [
            Granted(each, await self._reserve(line, each, now, sql))
            for line, each in zip(lines, held, strict=True)
        ]

    async def _share(self, lines: Sequence[WaitingLine], sql: Sql) -> list[int]:
        from amphibus.database.postgres.sql import time_of_server

        server = await time_of_server(sql)
        found, granted = await permits(sql, server), []
        for line in lines:
            others = [
                each for each in found if each.line == line.key and each.holder != self._holder
            ]
            held = self._held(line, others, server)
            wanted = 0 if line.limit.at_most is None else line.wanted
            if held or wanted or line.held:
                permit = Held(line.key, self._holder, held, wanted)
                await hold(sql, permit, server + self._for)
            granted.append(held)
        return granted

    def _held(self, line: WaitingLine, others: Sequence[Held], server: int) -> int:
        """Returns how many permits it has from now on."""
        at_most = line.limit.at_most
        if at_most is None:
            return 0
        mine = Held(line.key, self._holder, line.held, line.wanted)
        everybody = sorted([*others, mine], key=lambda each: each.holder)
        wanted = [max(each.wanted, 0) for each in everybody]
        shares = fair_shares(at_most, wanted, first=server // _ROTATION)
        return next_held(
            shares[everybody.index(mine)],
            in_use=line.in_use,
            others=sum(each.held for each in others),
            at_most=at_most,
        )

    async def _reserve(self, line: WaitingLine, held: int, now: int, sql: Sql) -> Reserved | None:
        limit = line.limit
        if limit.interval is None or line.turns:
            return None
        room = line.room(held)
        if room <= 0:
            return None
        last = await last_turn(sql, line.key)
        reserved = reserve(last, now=now, interval=limit.interval, wanted=room)
        if reserved.turns:
            await take_turns(sql, line.key, reserved.last)
        return reserved


def _note(line: WaitingLine, granted: Granted, valid_until: int) -> None:
    line.valid_until = valid_until
    line.held = granted.held
    reserved, interval = granted.reserved, line.limit.interval
    if reserved is None or interval is None:
        return
    line.turns.extend(reserved.first + place * interval for place in range(reserved.turns))
    line.not_before = (reserved.last + interval if reserved.turns else reserved.first) - AHEAD
