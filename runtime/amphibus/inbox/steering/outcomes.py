"""Tells those who follow a flow when this module commits the event that ends it.

While nobody follows, a commit costs one look at an empty dictionary.
"""

from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from amphibus.clock import SECOND, Clock
from amphibus.database.history import ended_flows
from amphibus.database.sql import Sql
from amphibus.messages.contracts.amphibus.flow_answers import FlowOutcome, FlowOutcomes
from amphibus.messages.contracts.amphibus.v1 import FollowFlows
from amphibus.messages.envelope import REPLY_TO, Envelope, Reply
from amphibus.messages.ids import new_trace

_FOLLOWED: Final = 10 * SECOND
"""The time for which a flow is followed: a gateway asks again every two seconds."""
_MOST: Final = 20_000
"""Flows that are followed at once; of more, who waits learns when it asks again."""


class _Follower(NamedTuple):
    module: str
    identity: str
    address: str
    types: tuple[str, ...]
    until: int


class Outcomes:
    """The flows of one module that somebody follows. Lives as long as its receiver."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.followed: dict[str, list[_Follower]] = {}
        self._forget_at = 0
        self.on_reply: Callable[[Envelope, Reply], None] = lambda _envelope, _reply: None

    async def follow(self, sql: Sql, asked: FollowFlows, module: str) -> FlowOutcomes:
        """Returns the flows that have ended; tells of the others when they do, for ten seconds."""
        now = self._clock.now()
        self._forget(now)
        follower = _Follower(module, asked.follower, asked.address, asked.types, now + _FOLLOWED)
        for flow in asked.flows:
            # Before the look into the database: what is committed meanwhile is told.
            self._add(flow, follower)
        found = await ended_flows(sql, asked.flows, asked.types)
        for each in found:
            self.followed.pop(each.flow, None)
        return FlowOutcomes(outcomes=tuple(FlowOutcome(**each._asdict()) for each in found))

    def committed(self, envelopes: Sequence[Envelope]) -> None:
        """Tells of what was committed."""
        for each in envelopes:
            told = [
                follower
                for follower in self.followed.get(each.correlation, ())
                if each.type in follower.types
            ]
            for follower in told:
                self._tell(each, follower)
            if told:
                del self.followed[each.correlation]

    def _tell(self, event: Envelope, follower: _Follower) -> None:
        outcome = FlowOutcome(flow=event.correlation, id=event.id, type=event.type, time=event.time)
        to = Envelope(
            id=follower.identity,
            type=FollowFlows.contract_type,
            source=follower.module,
            key=None,
            time=event.time,
            correlation=follower.identity,
            causation=None,
            trace=new_trace(),
            body=b"",
            reply=True,
            extra=MappingProxyType({REPLY_TO: follower.address}),
        )
        body = FlowOutcomes(outcomes=(outcome,)).model_dump_json().encode()
        self.on_reply(to, Reply("answered", body))

    def _add(self, flow: str, follower: _Follower) -> None:
        before = self.followed.get(flow)
        if before is None and len(self.followed) >= _MOST:
            return
        others = [each for each in before or () if each.identity != follower.identity]
        self.followed[flow] = [*others, follower]

    def _forget(self, now: int) -> None:
        """Lets go of those whose time is over, at most once a second: there may be many, and much is asked."""
        if now < self._forget_at:
            return
        self._forget_at = now + SECOND
        for flow, followers in list(self.followed.items()):
            left = [each for each in followers if each.until > now]
            if not left:
                del self.followed[flow]
            elif len(left) < len(followers):
                self.followed[flow] = left
