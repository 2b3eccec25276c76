"""The way of a message from a form into the system: the same as over HTTP, in the name of whoever filled it in."""

from dataclasses import dataclass, replace
from typing import Any, Final

from starlette.types import Message as Received

from amphibus.access.principal import Principal
from amphibus.access.scopes import EVERYTHING
from amphibus.contract import PUBLIC, Message, Post, kind_of
from amphibus.errors import OwnerAway, Refused, RequestFailed, RequestTimeout
from amphibus.gateway.acceptance import Acceptance
from amphibus.gateway.answers import HttpAnswer
from amphibus.gateway.bindings import RouteBinding
from amphibus.gateway.door import Door, known_as
from amphibus.gateway.exchanges import HttpExchange
from amphibus.gateway.problems import AWAY, FAILED, FORBIDDEN, NO_ANSWER, Problem, refusal
from amphibus.gateway.writes import CommandEndpoint, Intake, Limits
from amphibus.messages.ids import new_trace

_PLACE: Final = "/console/try"
_ANY_ID: Final = "00000000-0000-7000-8000-000000000000"
_READS_ONLY: Final = "this console only reads; the one of the gateway sends"
_OPERATOR: Final = "operator"
"""Whom a printed link lets in: he may read the key of this system, so he may send what `amphibus send` does."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The answer to a message that was sent, or to a query that was asked."""

    id: str
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class GatewayParts:
    """The gateway's own parts, by which messages leave."""

    acceptance: Acceptance
    limits: Limits
    intake: Intake


@dataclass(frozen=True, slots=True)
class Sending:
    """Sends commands and asks queries, as the gateway does. Lives as long as the console."""

    gateway: GatewayParts | None = None
    """None where a console only reads."""

    def why_not(self, contract: type[Message], principal: Principal) -> str:
        """Returns why somebody may not send a contract, or nothing."""
        type_, requires = contract.contract_type, contract.contract_requires
        if self.gateway is None:
            return _READS_ONLY
        if kind_of(contract) == "event":
            return f"an event is said by its owner alone, {contract.contract_owner}"
        if type_ not in self.gateway.acceptance.topology.owners:
            return "no module of this system handles it"
        if principal.kind == _OPERATOR or requires == PUBLIC:
            return ""
        if contract.contract_http is None or requires is None:
            return "it has no route: it is sent by operators on this machine, whom a printed link lets in"
        return "" if principal.may(requires) else f"this needs the right {requires}"

    async def send(
        self, contract: type[Message], body: bytes, principal: Principal, once: str
    ) -> Sent:
        """Sends a command, or asks a query; `once` is the same for one form, however often it is sent.

        Raises:
            Problem: it was not accepted, or there is no answer.
        """
        why, parts = self.why_not(contract, principal), self.gateway
        if why or parts is None:
            raise Problem(FORBIDDEN, why)
        acting = replace(principal, scopes=EVERYTHING) if principal.kind == _OPERATOR else principal
        if kind_of(contract) == "query":
            return await _ask(parts, contract, body, acting, once)
        exchange = _exchange(body, once)
        door = _Inside(acting)
        endpoint = CommandEndpoint(
            _binding(contract), parts.acceptance, parts.limits, door, parts.intake
        )
        answer: HttpAnswer = await endpoint(exchange)
        return Sent(exchange.request_id, answer.status, answer.body)

    def id_of(self, contract: type[Message], principal: Principal, once: str) -> str:
        """Returns the id that the message of a form has, unless the same was accepted before under another one."""
        if kind_of(contract) == "query" or self.gateway is None:
            return once
        return self.gateway.acceptance.request_id(known_as(principal), f"POST {_PLACE}", once)

    def checked(self, contract: type[Message], data: dict[str, Any]) -> None:
        """Has a contract judge what would be sent.

        Raises:
            Problem: it refuses it, with the fields that are wrong.
        """
        binding = _binding(contract)
        content, _ = binding.content(dict(data), {})
        stands_for_one = None if binding.own_id in data else _ANY_ID
        binding.command(content, stands_for_one, {})


async def _ask(
    parts: GatewayParts, contract: type[Message], body: bytes, principal: Principal, message_id: str
) -> Sent:
    query = _binding(contract).command(body, None, {})
    try:
        answer = await parts.acceptance.request(
            query,
            message_id=message_id,
            timeout=parts.limits.request_timeout_seconds,
            trace=new_trace(),
            principal=principal,
        )
    except Refused as refused:
        problem = refusal(refused.code, refused.detail, contract.contract_refuses)
        raise problem.for_(principal, contract) from None
    except OwnerAway:
        raise Problem(AWAY, "who answers this is away; try again") from None
    except RequestTimeout:
        raise Problem(NO_ANSWER, "nothing was changed; try again") from None
    except RequestFailed:
        raise Problem(FAILED, f"nothing was changed; the message is {message_id}") from None
    return Sent(message_id, 200, answer)


class _Inside(Door):
    """A door behind which somebody stands already: `why_not` has asked for his right."""

    def __init__(self, principal: Principal) -> None:
        super().__init__()
        self._principal = principal

    async def let_in(self, exchange: HttpExchange, contract: type[Message]) -> None:  # noqa: ARG002
        """Notes who asks."""
        exchange.principal = self._principal


def _binding(contract: type[Message]) -> RouteBinding:
    """Returns a contract at a place where all of it stands in the body; without a route it is stored, as by `send`."""
    http = contract.contract_http or Post(_PLACE, stored=True)
    return RouteBinding(contract, replace(http, method="POST", path=_PLACE))


def _exchange(body: bytes, once: str) -> HttpExchange:
    async def receive() -> Received:
        return {"type": "http.request", "body": body}

    headers = [(b"content-type", b"application/json")]
    if once:
        headers.append((b"idempotency-key", once.encode()))
    scope = {"type": "http", "method": "POST", "query_string": b"", "headers": headers}
    return HttpExchange(scope, receive, {})
