"""The app: every route that the contracts declare, what operators ask, and the documentation."""

import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from typing import Any, Final, TypeAlias

import structlog
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from amphibus.config.http import HttpSettings
from amphibus.contract import kind_of
from amphibus.documents.system import System
from amphibus.gateway.acceptance import Acceptance
from amphibus.gateway.answers import HttpAnswer, guarded
from amphibus.gateway.bindings import RouteBinding
from amphibus.gateway.docs import Page, docs_pages, json_page, message_pages
from amphibus.gateway.door import Door
from amphibus.gateway.exchanges import ClientGone, HttpExchange
from amphibus.gateway.faults import sent, streamed, worked
from amphibus.gateway.incoming.endpoint import IncomingEndpoint
from amphibus.gateway.limits.quotas import Quotas
from amphibus.gateway.openapi import openapi
from amphibus.gateway.outcome_stream import OutcomeStream
from amphibus.gateway.outcomes.documented import EVENTS
from amphibus.gateway.outcomes.waiting import Waiting
from amphibus.gateway.paths import RoutePath, RouteTable
from amphibus.gateway.problems import AWAY, FAULT, METHOD, NOT_FOUND, Problem
from amphibus.gateway.reads import QueryEndpoint
from amphibus.gateway.registry import PATH as REGISTRY
from amphibus.gateway.registry import Processes, registry_page
from amphibus.gateway.writes import SOON, CommandEndpoint, Intake, Limits
from amphibus.messages.ids import new_id
from amphibus.routing.topology import Topology
from amphibus.telemetry.app import signal_routes
from amphibus.telemetry.health import Health
from amphibus.telemetry.metrics import Meters
from amphibus.telemetry.tracing import switch

log = structlog.get_logger()

OwnRoute: TypeAlias = tuple[str, str, Page]
"""A method, a path, and the page that is served there."""
Target: TypeAlias = CommandEndpoint | QueryEndpoint | IncomingEndpoint | OutcomeStream | Page
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NOWHERE: Final = "(none)"
_TRACE: Final = "amphibus.trace"
"""The place in a scope where the trace of its request stands."""
_CLIENT_CLOSED: Final = 499


def build_app(
    acceptance: Acceptance,
    limits: Limits,
    health: Health,
    meters: Meters,
    door: Door,
    *,
    intake: Intake | None = None,
    title: str = "Amphibus",
    messages: System | None = None,
    processes: Processes | None = None,
    incoming: Iterable[tuple[str, IncomingEndpoint]] = (),
    console: Iterable[OwnRoute] = (),
    end: Callable[[], None] = lambda: None,
) -> "Gateway":
    """The ASGI app for the routes of the contracts that somebody handles.

    Args:
        acceptance: the gateway's side of the runtime.
        limits: the gateway's settings.
        health: what `/readyz` says.
        meters: where requests are counted and what `/metrics` says.
        door: finds out who asks, and lets in whom the contracts let.
        intake: the limits of commands, which all their routes share; the defaults if there are none.
        title: the name of the API.
        messages: what `/asyncapi.json` and `/docs/messages` tell, if they are served.
        processes: what `/v1/registry` tells, if it is served.
        incoming: the routes of incoming webhooks.
        console: the routes of the console, if it is served.
        end: lets nobody wait for those any more.
    """
    bindings = routes_of(acceptance.topology)
    paths: RouteTable[Target] = RouteTable()
    waiting = Waiting(acceptance, limits)
    intake = intake or Intake(acceptance, HttpSettings(), Quotas())
    for each in bindings:
        if kind_of(each.contract) == "query":
            creators = [other for other in bindings if other.creates(each.http.path)]
            reads = QueryEndpoint(each, acceptance, limits, creators, door, waiting)
            target: Target = reads
            if any(other.contract.contract_follows for other in creators):
                stream = OutcomeStream(each, reads, creators, waiting)
                paths.add("GET", each.http.path + EVENTS, stream)
        else:
            target = CommandEndpoint(each, acceptance, limits, door, intake)
        paths.add(each.http.method, each.http.path, target)
    for path, taker in incoming:
        paths.add("POST", path, taker)
    _add_signals(paths, health, meters)
    pages = {"/openapi.json": json_page(lambda: openapi(bindings, title)), **docs_pages(title)}
    if messages is not None:
        pages |= message_pages(messages)
    if processes is not None:
        pages[REGISTRY] = registry_page(processes)
    for path, page in pages.items():
        paths.add("GET", path, page)
    for method, path, page in console:
        paths.add(method, path, page)

    def end_all() -> None:
        waiting.end()
        end()

    return Gateway(paths, meters, end=end_all)


def pages_app(pages: Iterable[OwnRoute], meters: Meters, end: Callable[[], None]) -> "Gateway":
    """Returns what serves some pages and nothing else."""
    paths: RouteTable[Target] = RouteTable()
    for method, path, page in pages:
        paths.add(method, path, page)
    return Gateway(paths, meters, end=end)


def starting_app(health: Health, meters: Meters) -> "Gateway":
    """Returns what is served until the store can be used: nothing can be said yet of what exists and what does not."""
    paths: RouteTable[Target] = RouteTable()
    _add_signals(paths, health, meters)
    return Gateway(paths, meters, elsewhere=_starting)


def _add_signals(paths: RouteTable[Target], health: Health, meters: Meters) -> None:
    for route in signal_routes(health, meters):
        paths.add("GET", route.path, route.endpoint)


def _nothing_there() -> Problem:
    return Problem(NOT_FOUND, "no such path; /docs lists those that exist")


def _starting() -> Problem:
    return Problem(AWAY, "it is starting", headers=SOON)


def routes_of(topology: Topology) -> list[RouteBinding]:
    """Returns every contract with a route and an owner, in the order of their types."""
    return [
        RouteBinding(contract, contract.contract_http)
        for name, contract in sorted(topology.contracts.items())
        if contract.contract_http is not None and name in topology.owners
    ]


class Gateway:
    """One ASGI layer: finds the route, turns problems into answers, counts. Nothing is stacked on it."""

    def __init__(
        self,
        paths: RouteTable[Target],
        meters: Meters,
        *,
        elsewhere: Callable[[], Problem] = _nothing_there,
        end: Callable[[], None] = lambda: None,
    ) -> None:
        self._paths = paths
        self._elsewhere = elsewhere
        self._meters = meters
        self.end = end
        """Lets nobody wait any more, since the process stops."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await _other(scope, receive, send)
            return
        begin, send = time.perf_counter(), guarded(scope, send)
        method: str = scope["method"]
        route, status = _NOWHERE, FAULT.status
        try:
            path, parameters = self._find(scope)
            route = path.template
            status = await _serve(path, parameters, scope, receive, send)
        except Problem as problem:
            exchange = HttpExchange(scope, receive, {})
            exchange.request_id = new_id()
            status = await sent(problem.answer(exchange.request_id), exchange, send)
        except ClientGone:
            status = _CLIENT_CLOSED
            log.debug("http.gone", method=method, route=route)
        finally:
            seconds = time.perf_counter() - begin
            said = method if method in _METHODS else "OTHER"
            self._meters.served(said, route, status, seconds, scope.get(_TRACE, ""))
            log.debug("http.served", method=method, route=route, status=status, seconds=seconds)

    def _find(self, scope: Scope) -> tuple[RoutePath[Target], dict[str, str]]:
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        found = self._paths.find(raw.decode("latin-1").removeprefix(scope.get("root_path", "")))
        if found is None:
            raise self._elsewhere()
        return found


async def _serve(
    path: RoutePath[Target], parameters: dict[str, str], scope: Scope, receive: Receive, send: Send
) -> int:
    method: str = scope["method"]
    target = _target(path, method)
    if target is None:
        allow = (b"allow", path.allowed.encode())
        return await sent(HttpAnswer(204, b"", (allow,)), HttpExchange(scope, receive, {}), send)
    if isinstance(target, CommandEndpoint | QueryEndpoint | IncomingEndpoint):
        exchange = HttpExchange(scope, receive, parameters)
        scope[_TRACE] = exchange.trace
        answer = await _traced(worked(target, exchange, path.template), exchange, path.template)
        if target.ends:
            answer = replace(answer, headers=answer.headers + target.ends)
        return await sent(answer, exchange, send)
    if isinstance(target, OutcomeStream):
        exchange = HttpExchange(scope, receive, parameters)
        return await streamed(target, exchange, path.template, send)
    response = await target(Request({**scope, "path_params": parameters}, receive))
    await response(scope, receive, _bodiless(send) if method == "HEAD" else send)
    return response.status_code


async def _traced(
    work: Coroutine[Any, Any, HttpAnswer], exchange: HttpExchange, route: str
) -> HttpAnswer:
    if switch.spans is None:
        return await work
    parent = b"".join(exchange.sent(b"traceparent")[:1]).decode("latin-1")
    return await switch.spans.serving(
        work, trace=exchange.trace, parent=parent, method=exchange.method, route=route
    )


def _target(path: RoutePath[Target], method: str) -> Target | None:
    """Returns the target of a method; None stands for the question which methods there are."""
    target = path.methods.get("GET" if method == "HEAD" else method)
    if target is None and method != "OPTIONS":
        allow = path.allowed
        raise Problem(METHOD, f"allowed are {allow}", headers=((b"allow", allow.encode()),))
    return target


def _bodiless(send: Send) -> Send:
    async def without_body(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return without_body


async def _other(scope: Scope, receive: Receive, send: Send) -> None:
    """Takes part in the server's start and stop, and turns web sockets away."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000})
        return
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
