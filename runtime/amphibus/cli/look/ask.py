"""`amphibus ask`: asks a query of a running shop."""

from typing import TYPE_CHECKING, Annotated, Final

import httpx
from cyclopts import Parameter

from amphibus.cli import options
from amphibus.cli.http import parsed, path_of, reaching, refusal
from amphibus.cli.kinds import refuse_other_kind
from amphibus.cli.output import CommandError, Exit, show_json, unknown
from amphibus.config.addresses import is_loopback

if TYPE_CHECKING:
    from amphibus.contract import Message

_CODES: Final = {503: Exit.UNREACHABLE, 504: Exit.TIMEOUT}


def ask(
    contract: str,
    *,
    data: str = "{}",
    http: options.Url = None,
    timeout: float = 10.0,
    as_json: Annotated[bool, Parameter(name="--json", negative="", show=False)] = False,
) -> None:
    """Ask a query of a running shop and print the answer as JSON.

    Example: amphibus ask orders.GetOrder.v1 --data '{"order_id":"74eda2bf-2087-5bfc-aaaf-7ff4216c8a87"}'

    Args:
        contract: Type of the query, such as orders.GetOrder.v1.
        data: Its fields as JSON.
        timeout: Seconds to wait for the answer.
    """
    del as_json  # an answer is JSON anyhow
    query = _query(contract, data)
    fields = parsed(data)
    route = query.contract_http
    url = options.base_url(http)
    path = path_of(query, fields)
    inside = {name for name in fields if route and f"{{{name}}}" in route.path}
    rest = {name: str(value) for name, value in fields.items() if name not in inside}
    with reaching(url):
        response = httpx.get(
            url + path, params=rest, timeout=timeout, trust_env=not is_loopback(url)
        )
    if not response.is_success:
        raise CommandError(
            f"{contract}: {refusal(response)}",
            f"GET {path} was answered {response.status_code}",
            f"amphibus modules {query.contract_owner}",
            _CODES.get(response.status_code, Exit.FAILED),
        )
    show_json(response.json())


def _query(name: str, data: str) -> "type[Message]":
    from amphibus.contract import kind_of

    contracts = options.project().contracts
    refuse_other_kind(contracts, name, "query", data)
    found = contracts.get(name)
    if found is None:
        known = [each for each, kind in contracts.items() if kind_of(kind) == "query"]
        raise unknown("query", name, known, "amphibus contracts list")
    return found
