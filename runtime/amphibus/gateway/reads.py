"""Queries over HTTP. What was accepted a moment ago can be read at once, even while its owner is away."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from pydantic import ValidationError

from amphibus.access.ownership import sees_all
from amphibus.contract import Message, Value
from amphibus.errors import OwnerAway, Refused, RequestFailed, RequestTimeout
from amphibus.gateway.acceptance import Acceptance
from amphibus.gateway.answers import HttpAnswer
from amphibus.gateway.bindings import RouteBinding
from amphibus.gateway.door import Door
from amphibus.gateway.exchanges import HttpExchange
from amphibus.gateway.outcomes.waiting import Waiting
from amphibus.gateway.problems import (
    FAILED,
    NO_ANSWER,
    NOT_DONE,
    Problem,
    invalid,
    refusal,
    wrong,
)
from amphibus.gateway.writes import SOON, Limits, away
from amphibus.messages.ids import new_id
from amphibus.routing.codec import fill, to_bytes

_LIMIT: Final = "limit"
_NOT_FOUND: Final = 404


class QueryEndpoint:
    """Answers the requests of one query's route.

    Args:
        binding: the query.
        intake: who is asked.
        limits: what requests are held to.
        creators: stored commands whose Location leads here.
        door: finds out who asks.
        waiting: those who wait for the outcome of such a command.
    """

    def __init__(
        self,
        binding: RouteBinding,
        acceptance: Acceptance,
        limits: Limits,
        creators: Iterable[RouteBinding],
        door: Door,
        waiting: Waiting,
    ) -> None:
        self._door = door
        self._binding = binding
        self._acceptance = acceptance
        self.store_failed = acceptance.store_failed
        self.ends = binding.ends
        self._limits = limits
        self._creators = tuple(creators)
        self._waiting = waiting
        self._follows = any(each.contract.contract_follows for each in self._creators)

    async def __call__(self, exchange: HttpExchange) -> HttpAnswer:
        """Asks the owner, at once or after the outcome that the client prefers to wait for.

        Raises:
            Problem: there is no answer.
            ClientGone: nobody waits for it any more.
        """
        seconds = self._waiting.seconds(exchange) if self._follows else 0.0
        if not seconds:
            return await self.read(exchange)
        exchange.asked = "wait"
        await self.admit(exchange)
        followed = await self._waiting.followed(self._creators, exchange, self._binding)
        with self._waiting.place(exchange.peer) as taken:
            waits = taken and followed is not None
            if waits and followed is not None:
                await self._waiting.outcome(followed, exchange, seconds)
        answer = await self.read(exchange)
        applied = ((b"preference-applied", b"wait=%d" % seconds),) if waits else ()
        return replace(answer, headers=answer.headers + applied)

    async def admit(self, exchange: HttpExchange) -> None:
        """Lets in who may wait for what is here: who had it accepted, or may read it.

        Raises:
            Problem: there is nothing for him.
        """
        await self._door.let_in(exchange, self._binding.contract)
        if not await self._identities(exchange):
            await self.read(exchange)

    async def read(self, exchange: HttpExchange) -> HttpAnswer:
        """Asks the owner now.

        Raises:
            Problem: there is no answer.
        """
        binding = self._binding
        await self._door.let_in(exchange, binding.contract)
        query = binding.query(exchange.parameters, exchange.query)
        most = self._limits.page_limit
        if (getattr(query, _LIMIT, None) or 0) > most:
            raise invalid([wrong(_LIMIT, f"must be {most} at most")])
        exchange.request_id = message_id = new_id()
        try:
            answer: bytes | None = await self._acceptance.request(
                query,
                message_id=message_id,
                timeout=self._limits.request_timeout_seconds,
                trace=exchange.trace,
                principal=exchange.principal,
            )
        except Refused as refused:
            problem = refusal(refused.code, refused.detail, binding.contract.contract_refuses)
            problem = problem.for_(exchange.principal, binding.contract)
            answer = await self._accepted(exchange) if problem.status == _NOT_FOUND else None
            if answer is None:
                raise (await self._not_done(exchange, problem)) from None
        except OwnerAway:
            answer = await self._accepted(exchange)
            if answer is None:
                raise away("try again") from None
        except RequestTimeout:
            raise Problem(NO_ANSWER, "nothing was changed; try again", headers=SOON) from None
        except RequestFailed:
            raise Problem(FAILED, f"nothing was changed; the message is {message_id}") from None
        return HttpAnswer(200, answer or b"{}")

    async def _accepted(self, exchange: HttpExchange) -> bytes | None:
        """Returns an answer made of a command that was accepted here and has not reached its owner, or None."""
        answer = self._binding.answer
        for identity in await self._identities(exchange) if answer is not None else ():
            if await self._acceptance.accepted_as(identity) is None:
                continue  # refused, maybe a moment before its owner's receipt is written down
            command = await self._acceptance.undelivered(identity)
            if command is not None and answer is not None:
                return _about(command, answer)
        return None

    async def _not_done(self, exchange: HttpExchange, problem: Problem) -> Problem:
        """Returns the problem to answer where the owner knows of nothing: of what was accepted, that it was."""
        for identity in await self._identities(exchange) if problem.status == _NOT_FOUND else ():
            message_id = await self._acceptance.accepted_as(identity)
            if message_id is not None:
                what = "it was accepted, and waits to be tried again or has failed for good"
                return Problem(NOT_DONE, f"{what}; the message is {message_id}", headers=SOON)
        return problem

    async def _identities(self, exchange: HttpExchange) -> list[str]:
        """Returns the ids under which what is asked for may have been accepted here, of whoever asks."""
        if not self._creators:
            return []
        values = self._binding.path_values(exchange.parameters)
        known = [each.identity(values[str(each.own_id)]) for each in self._creators]
        if sees_all(exchange.principal, self._binding.contract):
            return known
        asks = exchange.principal.name
        return [each for each in known if (await self._acceptance.accepted_of(each)).name == asks]


def _about(command: Message, answer: type[Value]) -> bytes | None:
    try:
        return to_bytes(fill(answer, command))
    except ValidationError:
        return None  # the command does not say enough for this answer
