"""Incoming webhooks over HTTP: stored before they are answered, once however often they are posted."""

from collections.abc import Iterator, Mapping
from functools import partial
from hashlib import sha256
from typing import Final

from amphibus.access.principal import Principal
from amphibus.access.scopes import over_all
from amphibus.clock import Clock
from amphibus.config.webhooks import IncomingSettings, key_of
from amphibus.contract import PUBLIC, Message, Post
from amphibus.errors import StoreError
from amphibus.gateway.acceptance import Acceptance, Verdict
from amphibus.gateway.answers import HttpAnswer
from amphibus.gateway.bindings import RouteBinding
from amphibus.gateway.door import Door
from amphibus.gateway.exchanges import HttpExchange
from amphibus.gateway.incoming.mapping import ROUTE, FieldMap
from amphibus.gateway.incoming.signed import Delivery, check_signature, delivery_of
from amphibus.gateway.problems import AWAY, KEY_REUSED, RUNNING, Problem
from amphibus.gateway.texts import read_object
from amphibus.gateway.writes import SOON, Intake, Limits
from amphibus.messages.ids import derived_id

_TAKEN: Final = HttpAnswer(202, b"{}", ())
_LEFT: Final = HttpAnswer(204, b"", ())


class IncomingEndpoint:
    """Answers the posts of one incoming webhook. Lives as long as the gateway."""

    ends: tuple[tuple[bytes, bytes], ...] = ()

    def __init__(
        self,
        name: str,
        settings: IncomingSettings,
        contract: type[Message],
        parts: "IncomingParts",
    ) -> None:
        self._name = name
        self._settings = settings
        self._parts = parts
        self._fields = FieldMap(settings, contract)
        self._body_bytes = contract.contract_http.body_bytes if contract.contract_http else 0
        self._binding = RouteBinding(contract, Post(ROUTE + name, stored=True))
        self._keys = [
            key_of(each) for each in (settings.secret, settings.old_secret) if each is not None
        ]
        self._principal = _principal_of(name, contract)
        self.store_failed = parts.acceptance.store_failed

    async def __call__(self, exchange: HttpExchange) -> HttpAnswer:
        """Takes a post; a repetition changes nothing.

        Raises:
            Problem: it was not taken.
            ClientGone: it never came whole.
        """
        exchange.asked, exchange.unchanged = "write", True
        door = self._parts.door
        door.count(exchange)
        try:
            delivery = self._delivery(exchange)
            limit = min(self._parts.limits.body_limit_bytes, self._body_bytes)
            reading = partial(self._read, exchange, delivery)
            content = await self._parts.intake.read(exchange, limit, reading)
        except Problem as problem:
            door.turn_away(exchange, ROUTE + self._name, problem)
            raise
        if content is None:
            return _LEFT
        return await self._kept(exchange, delivery, *content)

    def _delivery(self, exchange: HttpExchange) -> Delivery:
        if not self._keys:
            raise Problem(AWAY, f"webhook {self._name} has no secret yet", headers=SOON)
        tolerance = self._settings.tolerance_seconds
        return delivery_of(exchange, now=self._parts.clock.now(), tolerance_seconds=tolerance)

    def _read(
        self, exchange: HttpExchange, delivery: Delivery, body: bytes
    ) -> tuple[bytes, bool] | None:
        """The content of the command, canonical, and whether it names itself; None if the event is not for us."""
        check_signature(exchange, self._keys, delivery, body)
        posted = read_object(body)
        if not self._fields.takes(posted):
            return None
        return self._binding.content(self._fields.content(posted, delivery.id), {})

    async def _kept(
        self, exchange: HttpExchange, delivery: Delivery, content: bytes, named: bool
    ) -> HttpAnswer:
        parts, identity = self._parts, ("webhook", self._name, delivery.id)
        message_id = parts.acceptance.request_id(*identity)
        exchange.request_id = message_id
        parts.door.known(exchange, self._principal)
        message = self._binding.command(content, None if named else message_id, {})
        parts.intake.quotas.another(message, self._principal, exchange.peer)
        await parts.intake.backlog.another(parts.intake.limits.waiting_messages)
        exchange.unchanged = False
        verdict = await self._accepted(exchange, message, content, f"key {derived_id(*identity)}")
        if verdict.state not in ("new", "same"):
            raise _not_taken(verdict)
        parts.acceptance.released(message_id)
        return _TAKEN

    async def _accepted(
        self, exchange: HttpExchange, message: Message, content: bytes, key_identity: str
    ) -> Verdict:
        try:
            return await self._parts.acceptance.accept(
                message,
                message_id=exchange.request_id,
                key_identity=key_identity,
                business_identity=None,
                digest=sha256(content).digest(),
                stored=True,
                trace=exchange.trace,
                location=None,
                principal=self._principal,
            )
        except StoreError as error:
            self.store_failed(error)
            raise Problem(
                AWAY, "it could not be stored and was not taken; try again", headers=SOON
            ) from None


class IncomingParts:
    """The parts of the gateway that incoming webhooks share."""

    def __init__(
        self, acceptance: Acceptance, limits: Limits, door: Door, intake: Intake, clock: Clock
    ) -> None:
        self.acceptance = acceptance
        self.limits = limits
        self.door = door
        self.intake = intake
        self.clock = clock


def incoming_routes(
    incoming: Mapping[str, IncomingSettings],
    contracts: Mapping[str, type[Message]],
    parts: IncomingParts,
) -> Iterator[tuple[str, IncomingEndpoint]]:
    """Yields the path and the endpoint of each incoming webhook; they were checked before."""
    for name, settings in incoming.items():
        yield ROUTE + name, IncomingEndpoint(name, settings, contracts[settings.command], parts)


def _principal_of(name: str, contract: type[Message]) -> Principal:
    """Whoever a webhook's commands are for: the webhook, with the right that they need, over whatever it concerns.

    It owns nothing itself: what it tells of belongs to others.
    """
    requires = contract.contract_requires
    rights = frozenset([over_all(requires)] if requires and requires != PUBLIC else [])
    return Principal(f"webhook_{name}", "service", scopes=rights)


def _not_taken(verdict: Verdict) -> Problem:
    if verdict.state == "running":
        return Problem(RUNNING, "it is being stored; post it again in a moment", headers=SOON)
    return Problem(KEY_REUSED, "this webhook-id came before, with another content")
