"""The console as routes of the gateway: who may see which screen, and what is said when something is wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

import structlog
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from amphibus.access.principal import Principal
from amphibus.clock import Clock
from amphibus.config.addresses import http_url, is_loopback
from amphibus.config.settings import Settings
from amphibus.console.entrance import Entrance, refuse_other_pages
from amphibus.console.look import looking
from amphibus.console.rates import Rates
from amphibus.console.rendering import compile_pages, page, static
from amphibus.console.sending import Sending
from amphibus.console.sessions import OPERATE, READ, Sessions
from amphibus.console.shared import Shared
from amphibus.console.stream import Looks, Stream
from amphibus.console.table import ACTS, SCREENS, Screen
from amphibus.console.visit import NotThere, NotUnderstood, Visit, form_of, see
from amphibus.contract.wording import details_of, in_words
from amphibus.errors import AmphibusError
from amphibus.gateway.docs import Page
from amphibus.gateway.door import Door
from amphibus.gateway.problems import FORBIDDEN, Problem
from amphibus.routing.project import Project

_log: Any = structlog.get_logger()
PATH: Final = "/console"
_FILES: Final = ("console.css", "forms.css", "console.js", "icon.svg")


class Served(NamedTuple):
    """The routes of a console, and what ends it."""

    routes: list[tuple[str, str, Page]]
    end: Callable[[], None]


def is_served(settings: Settings) -> bool:
    """Returns whether there is a console: where somebody says who asks, or for browsers on this machine alone."""
    return settings.access.guarded or is_loopback(http_url(settings.host, settings.port))


def sessions_of(settings: Settings) -> Sessions:
    """Returns the sessions of a system's console."""
    audience = settings.access.audience or f"{settings.app}.{settings.env}"
    return Sessions(settings.data_dir, audience)


def console_of(
    project: Project,
    settings: Callable[[], Settings],
    door: Door,
    clock: Clock,
    sending: Sending,
) -> Served:
    """Returns the console of a system; without routes where it is not served."""
    now = settings()
    if not is_served(now):
        return Served([], lambda: None)
    entrance = Entrance(door, sessions_of(now), guarded=now.access.guarded)
    modules = project.topology().modules
    return Console(
        project, settings, entrance, clock, sending, lambda: looking(modules, settings())
    ).served()


class Console:
    """Serves every screen in the same way."""

    def __init__(
        self,
        project: Project,
        settings: Callable[[], Settings],
        entrance: Entrance,
        clock: Clock,
        sending: Sending,
        looks: Looks,
    ) -> None:
        self._project = project
        self._settings = settings
        self._entrance = entrance
        self._clock = clock
        self._sending = sending
        self._compiled = False
        self._rates = Rates()
        self._looks = looks
        self._stream = Stream(looks, self._rates)
        self._shared = Shared()

    def served(self) -> Served:
        """Returns every route."""
        routes: list[tuple[str, str, Page]] = [
            ("GET", PATH, self._first),
            ("POST", f"{PATH}/enter", self._enter),
            ("POST", f"{PATH}/leave", self._leave),
            ("GET", f"{PATH}/stream", self._let_in(self._stream.page)),
        ]
        routes += [("GET", f"{PATH}/static/{name}", _file(name)) for name in _FILES]
        routes += [
            ("GET", f"{PATH}{path}", self._shown(each)) for path, each in SCREENS.items() if path
        ]
        routes += [
            ("POST", f"{PATH}{path}", self._shown(each, OPERATE)) for path, each in ACTS.items()
        ]
        return Served(routes, self._stream.end)

    async def _first(self, request: Request) -> Response:
        """The first page; a link that is good once is changed for a cookie here."""
        link = request.query_params.get("token")
        if link is None:
            return await self._shown(SCREENS[""])(request)
        try:
            entered = self._entrance.by_link(request, link, request.query_params.get("to", ""))
            if entered is None and await self._entrance.who(request) is not None:
                return see(PATH)  # who comes back by the link that let him in is in already
        except Problem as problem:
            return _refused(problem)
        return entered or page(
            "enter", 401, why="this link was used before, or is too old", principal=None
        )

    async def _enter(self, request: Request) -> Response:
        try:
            refuse_other_pages(request)
            return await self._entrance.by_credential(request)
        except Problem as problem:
            return page("enter", problem.status, why=problem.detail, principal=None)
        except NotUnderstood as error:
            return page("enter", 400, why=error.what, principal=None)

    async def _leave(self, request: Request) -> Response:
        try:
            refuse_other_pages(request)
        except Problem as problem:
            return _refused(problem)
        return self._entrance.leave()

    def _let_in(
        self, work: Callable[[Request, Principal], Awaitable[Response]], right: str = READ
    ) -> Page:
        async def served(request: Request) -> Response:
            try:
                principal = await self._entrance.who(request)
            except Problem as problem:
                return _refused(problem)
            except Exception:  # noqa: BLE001 - whatever it is, nobody is let in
                _log.exception("http.failed", method=request.method, route="/console")
                return _wrong(
                    503, None, "nobody can say now who asks", "try again", "amphibus logs"
                )
            try:
                _check(request, principal, right)
            except Problem as problem:
                self._entrance.refuse(request, principal, problem)
                return _wrong(problem.status, principal, problem.title, problem.detail, "")
            if principal is None:
                return page("enter", 401, why="", principal=None)
            return await work(request, principal)

        return served

    def _shown(self, screen: Screen, right: str = READ) -> Page:
        async def work(request: Request, principal: Principal) -> Response:
            try:
                return await self._answered(screen, request, principal)
            except NotThere as error:
                return _wrong(404, principal, error.what, error.why, error.fix)
            except NotUnderstood as error:
                return _wrong(400, principal, error.what, error.why, error.fix)
            except ValidationError as error:
                why = "; ".join(
                    f"{'.'.join(map(str, each['loc']))} {in_words(each)}".strip()
                    for each in details_of(error)
                )
                return _wrong(400, principal, "this cannot be asked", why, "")
            except AmphibusError as error:
                return _wrong(502, principal, error.what, error.why, error.fix)
            except Exception:  # noqa: BLE001 - the page says so, and the log knows it
                _log.exception("http.failed", method=request.method, route="/console")
                return _wrong(500, principal, "a fault of ours", "it was logged", "amphibus logs")

        return self._let_in(work, right)

    async def _answered(self, screen: Screen, request: Request, principal: Principal) -> Response:
        """Has a screen answer; what the script of a page asks for is made once for all who see the same."""
        if request.method == "POST":
            try:
                return await self._answer(screen, request, principal)
            finally:
                self._shared.forget()
        if request.headers.get("sec-fetch-dest") != "empty":
            return await self._answer(screen, request, principal)
        return await self._shared.page(
            self._stream.state,
            (principal, str(request.url)),
            lambda: self._answer(screen, request, principal),
        )

    async def _answer(self, screen: Screen, request: Request, principal: Principal) -> Response:
        if not self._compiled:
            await asyncio.to_thread(compile_pages)
            self._compiled = True
        form = await form_of(request) if request.method == "POST" else {}
        settings = self._settings()
        async with self._looks() as look:
            visit = Visit(
                request,
                principal,
                look,
                self._project,
                settings,
                self._clock.now(),
                self._rates,
                form,
                self._sending,
            )
            return await screen(visit)


def _check(request: Request, principal: Principal | None, right: str) -> None:
    if request.method == "POST":
        refuse_other_pages(request)
    if principal is not None and not principal.may(right):
        raise Problem(FORBIDDEN, f"this needs the right {right}")


def _file(name: str) -> Page:
    async def served(_: Request) -> Response:
        return static(name)

    return served


def _refused(problem: Problem) -> Response:
    response = _wrong(problem.status, None, problem.title, problem.detail, "")
    response.raw_headers += problem.headers  # when to come again
    return response


def _wrong(status: int, principal: Principal | None, what: str, why: str, fix: str) -> Response:
    return page("wrong", status, what=what, why=why, fix=fix, principal=principal)
