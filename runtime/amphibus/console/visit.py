"""A visit: one request to a screen, with who makes it and what he asked for."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from amphibus.access.principal import Principal
from amphibus.config.settings import Settings
from amphibus.console.look import Look
from amphibus.console.rates import Rates
from amphibus.console.sending import Sending
from amphibus.console.sessions import OPERATE
from amphibus.errors import AmphibusError
from amphibus.messages.contracts.amphibus.acting import Operator
from amphibus.routing.project import Project

PAGE: Final = 50
"""The rows of a page."""
_LONGEST_FORM: Final = 1_000_000
_MOST_FIELDS: Final = 5_000
_LONGEST_REASON: Final = 200
_MOST_DIGITS: Final = 18
"""Of more digits, a number may be larger than a database takes."""
_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


class NotUnderstood(AmphibusError):
    """A filter or a form that makes no sense."""


class NotThere(AmphibusError):
    """There is nothing of that name."""


@dataclass(slots=True)
class Visit:
    """One request to a screen."""

    request: Request
    principal: Principal
    look: Look
    project: Project
    settings: Settings
    now: int
    rates: Rates
    form: dict[str, str]
    """The fields of a form that was sent."""
    sending: Sending
    """The way of what he sends."""

    def asked(self, name: str) -> str:
        """Returns a filter of the URL, or nothing."""
        return self.request.query_params.get(name, "").strip()

    def number(self, name: str, otherwise: int) -> int:
        """Returns a number of the URL.

        Raises:
            NotUnderstood: it is none.
        """
        text = self.asked(name)
        if not text:
            return otherwise
        if not text.removeprefix("-").isdecimal() or len(text) > _MOST_DIGITS:
            raise NotUnderstood(f"{name} is no number", "", "take that filter out of the address")
        return int(text)

    def place(self, name: str) -> str:
        """Returns a part of the path."""
        return str(self.request.path_params[name])

    def module(self) -> str:
        """Returns the module that the path names.

        Raises:
            NotThere: there is none.
        """
        name = self.place("module")
        if name not in self.look.modules:
            raise NotThere(f"there is no module {name[:100]}")
        return name

    @property
    def may_operate(self) -> bool:
        """Returns whether he may act."""
        return self.principal.may(OPERATE)

    @property
    def by(self) -> Operator:
        """Returns him as the audit names him."""
        name = self.principal.name[:200]
        return Operator(who=self.principal.owner[:200], principal=name)

    def reason(self) -> str:
        """Returns the reason that was given.

        Raises:
            NotUnderstood: there is none, or it is too long.
        """
        text = " ".join(self.form.get("reason", "").split())
        if not text:
            raise NotUnderstood("say why", "the audit keeps a reason", "fill in the reason")
        if len(text) > _LONGEST_REASON:
            raise NotUnderstood(
                f"the reason has {len(text)} characters", f"it takes up to {_LONGEST_REASON}"
            )
        return text

    def with_filters(self, **changed: object) -> str:
        """Returns the query string with some filters changed."""
        known = dict(self.request.query_params) | {
            name: str(each) for name, each in changed.items()
        }
        return urlencode({name: each for name, each in known.items() if each})


def microseconds_of(text: str) -> int:
    """Returns a span such as 30m, 2h or 7d.

    Raises:
        NotUnderstood: it is none.
    """
    count, unit = text[:-1], text[-1:]
    if not count.isdecimal() or len(count) > 6 or unit not in _UNITS:
        raise NotUnderstood(f"{text[:40]} is no span of time", "", "write 30m, 2h or 7d")
    return int(count) * _UNITS[unit] * 1_000_000


async def form_of(request: Request, longest: int = _LONGEST_FORM) -> dict[str, str]:
    """Returns the fields of a form of so many bytes at most.

    Raises:
        NotUnderstood: it is too long, or no form.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > longest:
            raise NotUnderstood("the form is too long", f"it takes up to {longest} bytes")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise NotUnderstood("the form cannot be read") from None


def see(path: str, *below: str) -> Response:
    """Sends the browser to a page, so that a reload does nothing again; `below` are parts that others have named."""
    parts = (path, *(quote(each, safe="") for each in below))
    return RedirectResponse("/".join(parts), status_code=303)
