"""The same message for other places: a line for curl, one for `amphibus`, a few for Python."""

import json
import shlex
from collections.abc import Mapping
from pprint import pformat
from typing import Any, Final
from urllib.parse import quote, urlencode

from amphibus.contract import Http, Message, kind_of

_WIDTH: Final = 88


def copies_of(
    contract: type[Message], value: Mapping[str, Any], url: str, *, guarded: bool
) -> dict[str, str]:
    """Returns the texts by their names; none for an event, which its owner says."""
    kind, http = kind_of(contract), contract.contract_http
    if kind == "event":
        return {}
    found = {} if http is None else {"curl": _curl(http, value, url, guarded=guarded)}
    verb = "send" if kind == "command" else "ask"
    if http is not None or kind == "command":
        found["amphibus"] = f"amphibus {verb} {contract.contract_type} --data {_quoted(value)}"
    found["Python"] = (
        _producer(contract, value) if http is None else _httpx(http, value, url, guarded=guarded)
    )
    return found if http is not None or kind == "command" else {}


def _curl(http: Http, value: Mapping[str, Any], url: str, *, guarded: bool) -> str:
    path, rest = _split(http, value)
    words = ["curl"]
    if guarded:
        words.append('-H "Authorization: Bearer $TOKEN"')
    if http.method == "GET":
        return " ".join([*words, shlex.quote(url + path + _query(rest))])
    words += ["-H 'Content-Type: application/json'", f"-d {_quoted(rest)}"]
    return " ".join([*words, shlex.quote(url + path)])


def _httpx(http: Http, value: Mapping[str, Any], url: str, *, guarded: bool) -> str:
    path, rest = _split(http, value)
    name = "params" if http.method == "GET" else "json"
    lines = ["import httpx", ""]
    more = ', headers={"Authorization": f"Bearer {token}"}' if guarded else ""
    lines += [f"{name} = {pformat(dict(rest), sort_dicts=False, width=_WIDTH)}"]
    call = f"httpx.{http.method.lower()}({url + path!r}, {name}={name}{more})"
    return "\n".join([*lines, f"print({call}.json())"])


def _producer(contract: type[Message], value: Mapping[str, Any]) -> str:
    owner, name = contract.contract_owner, contract.contract_name
    written = pformat(dict(value), sort_dicts=False, width=_WIDTH)
    return (
        "from amphibus.producer import Producer\n"
        f"from contracts.{owner}.v{contract.contract_version} import {name}\n\n"
        f"payload = {written}\n"
        'async with Producer("amqp://localhost", source="loader") as producer:\n'
        f"    await producer.send({name}.model_validate(payload))"
    )


def _split(http: Http, value: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Returns the path with its parameters, and what does not stand in it."""
    path, rest = http.path, dict(value)
    for name, each in value.items():
        if f"{{{name}}}" in path:
            path = path.replace(f"{{{name}}}", quote(str(each), safe=""))
            del rest[name]
    return path, rest


def _query(rest: Mapping[str, Any]) -> str:
    return f"?{urlencode(rest)}" if rest else ""


def _quoted(value: Mapping[str, Any]) -> str:
    return shlex.quote(json.dumps(value, ensure_ascii=False))
