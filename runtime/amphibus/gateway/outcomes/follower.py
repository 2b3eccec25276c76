"""Learns the outcomes of flows from the modules that publish them, while somebody here waits for one.

The owner is asked once for what has happened already, and from then on tells by itself, with its commit. It is asked
again every two seconds, in one question for all who wait: a word of it may be lost, or another instance may commit.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import structlog

from amphibus.errors import RequestError
from amphibus.gateway.acceptance import Acceptance
from amphibus.messages.contracts.amphibus.flow_answers import FlowOutcome, FlowOutcomes
from amphibus.messages.contracts.amphibus.v1 import MOST_ROWS, FollowFlows
from amphibus.messages.envelope import Reply
from amphibus.messages.ids import new_id
from amphibus.telemetry.privacy import describe

_log: Any = structlog.get_logger()
AGAIN_SECONDS: Final = 2.0
_ANSWER_SECONDS: Final = 2.0


class Followed(NamedTuple):
    """A flow with the events that end it, and the module that publishes them."""

    owner: str
    flow: str
    types: tuple[str, ...]


class _Waits(NamedTuple):
    """One who waits."""

    followed: Followed
    future: asyncio.Future[FlowOutcome]


class Follower:
    """Lives as long as the gateway's routes. While nobody waits it does nothing, and nobody tells it anything."""

    def __init__(self, asking: Acceptance) -> None:
        self._asking = asking
        self._identity = new_id()
        self._address = ""
        self._waiting: dict[str, list[_Waits]] = {}
        """By flow, so that a word is looked up for whom it concerns, however many wait."""
        self._new: set[Followed] = set()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def outcome(self, followed: Followed) -> FlowOutcome:
        """Returns how a flow ended, once it has; who asks says for how long."""
        waits = _Waits(followed, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(followed.flow, []).append(waits)
        self._new.add(followed)
        self._wake.set()
        if self._task is None:
            self._listen()
            self._task = asyncio.create_task(self._work(), name="outcomes")
        try:
            return await waits.future
        finally:
            self._leave(waits)

    def _leave(self, waits: _Waits) -> None:
        followed = waits.followed
        left = [each for each in self._waiting.get(followed.flow, ()) if each is not waits]
        if left:
            self._waiting[followed.flow] = left
        else:
            self._waiting.pop(followed.flow, None)
        if all(each.followed != followed for each in left):
            self._new.discard(followed)
        if not self._waiting:
            self._wake.set()

    async def _work(self) -> None:
        """Asks for those who came, and from time to time for all; ends when nobody waits."""
        now = asyncio.get_running_loop().time
        try:
            again = now() + AGAIN_SECONDS
            while self._waiting:
                self._wake.clear()
                asked, self._new = self._new, set()
                if now() >= again:  # those who come all the time put nobody else off
                    asked, again = self._all(), now() + AGAIN_SECONDS
                await self._ask(asked)
                if self._waiting and not self._new:
                    await self._pause(again - now())
        finally:
            self._task = None
            self._asking.listen(self._identity, None)

    def _all(self) -> set[Followed]:
        return {each.followed for some in self._waiting.values() for each in some}

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _ask(self, asked: Iterable[Followed]) -> None:
        by_owner: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for each in asked:
            by_owner.setdefault((each.owner, each.types), []).append(each.flow)
        # Each by itself: an owner that does not answer keeps nobody from the word of another.
        await asyncio.gather(*(self._ask_owner(*each) for each in by_owner.items()))

    async def _ask_owner(self, asked: tuple[str, tuple[str, ...]], flows: Sequence[str]) -> None:
        for begin in range(0, len(flows), MOST_ROWS):
            await self._ask_one(*asked, flows[begin : begin + MOST_ROWS])

    async def _ask_one(self, owner: str, types: tuple[str, ...], flows: Sequence[str]) -> None:
        question = FollowFlows(
            flows=tuple(flows), types=types, follower=self._identity, address=self._address
        )
        try:
            body = await self._asking.ask_system(owner, question, _ANSWER_SECONDS)
            self._tell(FlowOutcomes.model_validate_json(body))
        except (RequestError, ValueError):
            pass  # it is asked again; who waits is answered as things stand when the time is over
        except Exception as error:  # noqa: BLE001 - a stream waits without an end for the next question
            _log.warning(
                "process.warning",
                what=f"{owner} cannot be asked which flows have ended",
                why=describe(error),
                fix="nothing: it is asked again",
            )

    def _listen(self) -> None:
        self._address = self._asking.listen(self._identity, self._word)

    def _word(self, reply: Reply) -> None:
        if self._task is not None:
            self._listen()
        try:
            self._tell(FlowOutcomes.model_validate_json(reply.body))
        except ValueError:
            pass  # of a newer version: it is asked again

    def _tell(self, found: FlowOutcomes) -> None:
        for outcome in found.outcomes:
            for each in self._waiting.get(outcome.flow, ()):
                if outcome.type in each.followed.types and not each.future.done():
                    each.future.set_result(outcome)
