"""Queries over HTTP. What was accepted a moment ago can be read at once, even while its owner is away."""

from collections.abc import Iterable
from typing import Final

from pydantic import ValidationError

from amphibus.contract import Message, Value
from amphibus.errors import OwnerAway, Refused, RequestFailed, RequestTimeout
from amphibus.gateway.acceptance import Acceptance
from amphibus.gateway.answers import HttpAnswer
from amphibus.gateway.bindings import RouteBinding
from amphibus.gateway.exchanges import HttpExchange
from amphibus.gateway.problems import FAILED, NO_ANSWER, Problem, invalid, refusal, wrong
from amphibus.gateway.writes import SOON, Limits, away
from amphibus.messages.ids import new_id
from amphibus.routing.codec import fill, to_bytes

_LIMIT: Final = "limit"


class QueryEndpoint:
    """Answers the requests of one query's route.

    Args:
        binding: the query.
        intake: who is asked.
        limits: what requests are held to.
        creators: stored commands whose Location leads here.
    """

    def __init__(
        self,
        binding: RouteBinding,
        acceptance: Acceptance,
        limits: Limits,
        creators: Iterable[RouteBinding],
    ) -> None:
        self._binding = binding
        self._acceptance = acceptance
        self._limits = limits
        self._creators = tuple(creators)

    async def __call__(self, exchange: HttpExchange) -> HttpAnswer:
        """Asks the owner.

        Raises:
            Problem: there is no answer.
        """
        binding = self._binding
        query = binding.query(exchange.parameters, exchange.query)
        most = self._limits.page_limit
        if getattr(query, _LIMIT, 0) > most:
            raise invalid([wrong(_LIMIT, f"must be {most} at most")])
        exchange.request_id = message_id = new_id()
        try:
            answer: bytes | None = await self._acceptance.request(
                query,
                message_id=message_id,
                timeout=self._limits.request_timeout_seconds,
                trace=exchange.trace,
            )
        except Refused as refused:
            problem = refusal(refused.code, refused.detail, binding.contract.contract_refuses)
            answer = await self._accepted(exchange) if problem.status == 404 else None
            if answer is None:
                raise problem from None
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
        """What is known of something that was accepted here and has not reached its owner."""
        binding = self._binding
        if not self._creators or binding.answer is None:
            return None
        values = binding.path_values(exchange.parameters)
        for creator in self._creators:
            identity = creator.identity(values[str(creator.own_id)])
            command = await self._acceptance.undelivered(identity)
            if command is not None:
                return _about(command, binding.answer)
        return None


def _about(command: Message, answer: type[Value]) -> bytes | None:
    try:
        return to_bytes(fill(answer, command))
    except ValidationError:
        return None  # the command does not say enough for this answer
