"""HTTP to a running shop: the addresses of contracts, and the meaning of error responses."""

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import httpx

from amphibus.cli.output import CommandError, Exit
from amphibus.messages.json_text import read_json

if TYPE_CHECKING:
    from amphibus.contract import Message


def path_of(contract: "type[Message]", data: Mapping[str, Any]) -> str:
    """Returns the path of a contract's route, with its parameters taken from the data.

    Raises:
        CommandError: it has no route, or a parameter is missing.
    """
    route = contract.contract_http
    if route is None:
        raise CommandError(
            f"{contract.contract_type} has no route",
            "it is only sent between modules; without --http it goes into the gateway's outbox",
            f"amphibus contracts show {contract.contract_type}",
            Exit.USAGE,
        )
    try:
        return route.path.format_map(
            {name: quote(str(value), safe="") for name, value in data.items()}
        )
    except KeyError as error:
        raise CommandError(
            f"{contract.contract_type} needs {error.args[0]}",
            f"its route is {route.method} {route.path}",
            f"amphibus contracts show {contract.contract_type}",
            Exit.USAGE,
        ) from None


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """Turns httpx's errors into errors that say whether to try again.

    Raises:
        CommandError: nobody answers there, or not in time.
    """
    try:
        yield
    except httpx.TimeoutException as error:
        raise CommandError(
            f"no answer from {url} in time",
            f"{type(error).__name__}; the same id sent again is not done twice",
            f"curl {url}/readyz",
            Exit.TIMEOUT,
        ) from error
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise CommandError(
            f"nobody answers at {url}",
            str(error) or type(error).__name__,
            start_of(url),
            Exit.UNREACHABLE,
        ) from error


def start_of(url: str) -> str:
    """Returns how a shop is started that answers at an address of this machine; of another, how it is asked."""
    try:
        parts = urlsplit(url)
        port, here = parts.port or 80, parts.hostname in ("127.0.0.1", "localhost", "::1")
    except ValueError:
        here = False
    return f"amphibus run --port {port}" if here else f"curl {shlex.quote(url)}/readyz"


def refusal(response: httpx.Response) -> str:
    """Returns the text of a problem response, with every wrong field."""
    try:
        problem = response.json()
        fields = "; ".join(
            f"{each['field']} {each['message']}" for each in problem.get("errors", ())
        )
        return fields or str(problem.get("detail") or problem["title"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"{response.status_code} {response.reason_phrase}"


def parsed(text: str) -> dict[str, Any]:
    """Parses JSON from the command line, which must be an object.

    Raises:
        CommandError: it is none.
    """
    try:
        return read_json(os.fsencode(text))
    except ValueError as error:
        raise CommandError(
            "--data cannot be read",
            f"{error}; it is a payload, and --data-dir names a folder",
            "amphibus contracts list",
            Exit.USAGE,
            change={"--data": '{"name": "value"}'},
        ) from None
