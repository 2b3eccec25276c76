"""Speaks to a broker over the HTTP of its management plugin, if there is no `rabbitmqctl` at hand."""

import base64
import json
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlsplit, urlunsplit
from urllib.request import ProxyHandler, Request, build_opener

from amphibus.cli.output import CommandError, Exit
from amphibus.config.addresses import is_loopback

_PATIENCE_SECONDS: Final = 30.0


class HttpControl:
    """One management interface; its user must be an administrator."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        user, password = unquote(parts.username or "guest"), unquote(parts.password or "guest")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise CommandError(
                "the management interface's address cannot be understood",
                "it begins with http:// or https:// and names a host",
                "--management http://guest:guest@localhost:15672",
                Exit.USAGE,
            )
        place = parts.netloc.rpartition("@")[2]
        self._url = urlunsplit((parts.scheme, place, parts.path.rstrip("/"), "", ""))
        proxies: dict[str, str] | None = (
            {} if is_loopback(url) else None
        )  # None is what the environment says
        self._opener = build_opener(ProxyHandler(proxies))
        self._login = base64.b64encode(f"{user}:{password}".encode()).decode()

    def export(self) -> dict[str, Any]:
        """Returns all definitions of the broker, hashes of passwords included.

        Raises:
            CommandError: it does not answer, or refuses.
        """
        return dict(json.loads(self._call("GET", "definitions")))

    def load(self, wanted: dict[str, Any]) -> None:
        """Imports definitions; what is there already stays."""
        self._call("POST", "definitions", json.dumps(wanted).encode())

    def run(self, *step: str) -> None:
        """Does what `rabbitmqctl` would do with these words; may remove more topic rights of that user too."""
        match step:
            case ("delete_user", user):
                self._call("DELETE", f"users/{_part(user)}")
            case ("clear_permissions", "-p", vhost, user):
                self._call("DELETE", f"permissions/{_part(vhost)}/{_part(user)}")
            case ("clear_topic_permissions", "-p", vhost, user, _):
                self._call("DELETE", f"topic-permissions/{_part(vhost)}/{_part(user)}")
            case _:
                raise ValueError(step)

    def show(self, steps: list[list[str]]) -> None:
        """Prints the requests that would be made."""
        for step in steps:
            print(f"rabbitmqctl {' '.join(step)}")
        print(f"POST {self._url}/api/definitions")

    def _call(self, method: str, path: str, body: bytes | None = None) -> bytes:
        request = Request(  # noqa: S310 - its scheme was checked
            f"{self._url}/api/{path}",
            data=body,
            method=method,
            headers={
                "Authorization": f"Basic {self._login}",
                "Content-Type": "application/json",
            },
        )
        try:
            with self._opener.open(request, timeout=_PATIENCE_SECONDS) as answer:
                return bytes(answer.read())
        except HTTPError as error:
            if method == "DELETE" and error.code == 404:
                return b""  # gone already
            why = error.read().decode("utf-8", "replace")[:300]
            raise self._failed(f"{error.code}: {why}") from None
        except (URLError, OSError, ValueError) as error:
            raise self._failed(str(getattr(error, "reason", error))) from None

    def _failed(self, why: str) -> CommandError:
        return CommandError(
            f"{self._url} cannot be used",
            why,
            "check --management: its host, and that its user is an administrator",
            Exit.UNREACHABLE,
        )


def _part(name: str) -> str:
    return quote(name, safe="")
