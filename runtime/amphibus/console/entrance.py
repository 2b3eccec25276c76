"""The entrance of the console: who comes in, and from where a form may be sent."""

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from amphibus.access.api_keys import id_of
from amphibus.access.principal import DEVELOPER, Principal
from amphibus.console.sessions import LINK_SECONDS, Sessions, seconds_of
from amphibus.console.visit import form_of
from amphibus.gateway.answers import came_by_tls
from amphibus.gateway.door import Door, is_from_here
from amphibus.gateway.exchanges import HttpExchange
from amphibus.gateway.problems import FORBIDDEN, Problem

COOKIE: Final = "amphibus-console"
_PATH: Final = "/console"
_SCREEN: Final = re.compile(r"/[A-Za-z0-9_-]+(/[A-Za-z0-9_.-]+)*(\?[A-Za-z0-9_.~%=&-]*)?")
"""The screens that a link may go to, with their filters."""
_LONGEST_FORM: Final = 32_768
"""Bytes of a form with a token, each of whose characters may be escaped."""
_CREDENTIAL_SECONDS: Final = 3_600
"""The longest time for which a token or an API key lets in; no longer than it is good itself."""


class Entrance:
    """Lets in whoever has a cookie of ours, and whom the gateway's door knows by what he shows."""

    def __init__(self, door: Door, sessions: Sessions, *, guarded: bool) -> None:
        self._door = door
        self._sessions = sessions
        self._guarded = guarded

    async def who(self, request: Request) -> Principal | None:
        """Returns who asks; None if he does not show it. Whoever has no cookie of ours is counted by his address.

        Raises:
            Problem: he comes from elsewhere where nobody would ask, shows what is not good, or asks too often.
        """
        exchange = _exchange_of(request)
        self._refuse_from_elsewhere(exchange)
        cookie = request.cookies.get(COOKIE)
        known = await self._sessions.session(cookie) if cookie else None
        if known is not None and (not known.key or await self._door.holds(known.key)):
            return known.principal
        self._door.count(exchange)
        shown = await self._door.who(exchange, _PATH)
        return None if shown.kind == "anonymous" or shown == DEVELOPER else shown

    def by_link(self, request: Request, link: str, to: str = "") -> Response | None:
        """Changes a link for a cookie, if it is good, and goes to a screen below `/console`."""
        exchange = _exchange_of(request)
        self._refuse_from_elsewhere(exchange)
        self._door.count(exchange)
        principal = self._sessions.redeem(link)
        if principal is None:
            return None
        return self._enter(request, principal, int(LINK_SECONDS), to)

    async def by_credential(self, request: Request) -> Response:
        """Changes the token or the API key in a form for a cookie.

        Raises:
            Problem: it is not good, or there were too many from there.
            NotUnderstood: it is no form, or longer than one with a credential can be.
        """
        exchange = _exchange_of(request)
        exchange.asked = "write"
        self._refuse_from_elsewhere(exchange)
        self._door.count(exchange)
        form = await form_of(request, _LONGEST_FORM)
        credential = form.get("credential", "").strip()
        principal = await self._door.whose(credential, exchange, _PATH)
        seconds = int(seconds_of(credential, _CREDENTIAL_SECONDS))
        return self._enter(request, principal, seconds, key=id_of(credential))

    def refuse(self, request: Request, principal: Principal | None, problem: Problem) -> None:
        """Counts, for the audit, that somebody may not do what he asked for."""
        exchange = _exchange_of(request)
        exchange.principal = principal or exchange.principal
        self._door.turn_away(exchange, request.url.path, problem)

    def leave(self) -> Response:
        """Takes the cookie away."""
        response = RedirectResponse(_PATH, status_code=303)
        response.delete_cookie(COOKIE, path=_PATH)
        return response

    def _enter(
        self, request: Request, principal: Principal, seconds: int, to: str = "", key: str = ""
    ) -> Response:
        screen = to if _SCREEN.fullmatch(to) else ""
        response = RedirectResponse(f"{_PATH}{screen}", status_code=303)
        response.set_cookie(
            COOKIE,
            self._sessions.cookie(principal, seconds, key),
            max_age=seconds,
            path=_PATH,
            secure=came_by_tls(request.scope),
            httponly=True,
            samesite="strict",
        )
        return response

    def _refuse_from_elsewhere(self, exchange: HttpExchange) -> None:
        if not self._guarded and not is_from_here(exchange):
            raise Problem(FORBIDDEN, "without an issuer, only a browser on this machine may look")


def refuse_other_pages(request: Request) -> None:
    """Refuses a form that no page of ours has sent.

    Raises:
        Problem: the browser names another origin, or none.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    ours = {f"{scheme}://{request.headers.get('host', '')}" for scheme in ("http", "https")}
    if (site is None and origin is None) or site not in (None, "same-origin"):
        raise Problem(FORBIDDEN, "this form was not sent by a page of the console")
    if site is None and origin not in ours:
        raise Problem(FORBIDDEN, "this form was sent by a page of elsewhere")


def _exchange_of(request: Request) -> HttpExchange:
    return HttpExchange(dict(request.scope), request.receive, {})
