"""`/docs/messages`: the messages of a system as a page that a person reads. It asks no other host for anything."""

import json
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any, Final

from amphibus.contract import Message, kind_of, personal_fields
from amphibus.contract.personal import field_of
from amphibus.documents.channels import channel_of, is_answered
from amphibus.documents.operations import Operation, operations_of
from amphibus.documents.schemas import answer_of, payload_of
from amphibus.documents.shapes import fields_of
from amphibus.documents.system import System

Json = dict[str, Any]
STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; }
h2 { border-bottom: 1px solid; margin-top: 3rem; }
h3 { margin-top: 2rem; overflow-wrap: anywhere; }
table { border-collapse: collapse; display: block; max-width: 100%; overflow-x: auto; }
th, td { border: 1px solid #8888; padding: .25rem .5rem; text-align: left; vertical-align: top; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
pre { border: 1px solid #8888; overflow-x: auto; padding: .5rem; }
"""
_HTML: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}: messages</title>
<link rel="stylesheet" href="messages.css">
</head>
<body>
<h1>{title}: messages</h1>
<p>The messages between the modules, as they travel. The same for programs:
<a href="../asyncapi.json">asyncapi.json</a>. Over HTTP: <a href="../docs">the API</a>.</p>
{body}
</body>
</html>
"""


def page_of(system: System) -> str:
    """Returns the page as HTML."""
    operations = list(operations_of(system))
    contracts = {each.contract.contract_type: each.contract for each in operations}
    body = "\n".join((*_who(operations), *_contracts(system, contracts.values())))
    return _HTML.format(title=escape(system.title), body=body)


def _who(operations: list[Operation]) -> Iterator[str]:
    yield "<h2>Who sends and takes what</h2>"
    rows = []
    for who in dict.fromkeys(each.who for each in operations):
        links = {
            action: "<br>".join(
                _link(each.contract)
                for each in operations
                if (each.who, each.action) == (who, action)
            )
            for action in ("receive", "send")
        }
        rows.append((escape(who), links["receive"], links["send"]))
    yield _table(("module or program", "takes", "sends"), rows)


def _contracts(system: System, contracts: Iterable[type[Message]]) -> Iterator[str]:
    ordered = sorted(contracts, key=lambda each: each.contract_type)
    for owner in dict.fromkeys(each.contract_owner for each in ordered):
        yield f"<h2>{escape(owner)}</h2>"
        for each in ordered:
            if each.contract_owner == owner:
                yield from _contract(system, each)


def _contract(system: System, contract: type[Message]) -> Iterator[str]:
    name = escape(contract.contract_type)
    channel = channel_of(contract, system.names)
    exchange = channel["bindings"]["amqp"]["exchange"]["name"]
    answered = ", answered at once" if is_answered(contract) else ""
    yield f'<h3 id="{name}">{name}</h3>'
    yield f"<p>{escape((contract.__doc__ or '').strip())}</p>"
    if contract.contract_deprecated is not None:
        yield f"<p><strong>It is {escape(str(contract.contract_deprecated))}.</strong></p>"
    yield (
        f"<p>{kind_of(contract).capitalize()}{answered}. Exchange <code>{escape(exchange)}</code>, "
        f"routing key <code>{escape(channel['address'])}</code>{_key(contract)}.</p>"
    )
    marks = {field_of(path): category for path, category in personal_fields(contract).items()}
    yield from _fields(payload_of(contract), marks)
    if contract.contract_example:
        text = json.dumps(contract.contract_example, indent=2, ensure_ascii=False)
        yield f"<pre>{escape(text)}</pre>"
    answer = answer_of(contract)
    if answer is not None:
        yield f"<p>The answer, {escape(str(answer.get('title', '')))}:</p>"
        yield from _fields(answer, {})
    if contract.contract_refuses:
        codes = ", ".join(f"<code>{escape(each)}</code>" for each in contract.contract_refuses)
        yield f"<p>Refused with {codes}.</p>"


def _key(contract: type[Message]) -> str:
    return f", key <code>{escape(contract.contract_key)}</code>" if contract.contract_key else ""


def _fields(schema: Json, personal: dict[str, str]) -> Iterator[str]:
    rows = []
    for each in fields_of(schema, schema.get("$defs", {})):
        mark = f"personal data ({personal[each.path]})" if each.path in personal else ""
        notes = "; ".join(filter(None, (each.notes, mark)))
        cells = (each.path, each.type, "yes" if each.required else "no", notes)
        rows.append(tuple(escape(cell) for cell in cells))
    if rows:
        yield _table(("field", "type", "required", "notes"), rows)


def _link(contract: type[Message]) -> str:
    name = escape(contract.contract_type)
    return f'<a href="#{name}">{name}</a>'


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Makes a table of cells that are HTML already."""
    head = "".join(f"<th>{each}</th>" for each in header)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows)
    return f"<table>\n<tr>{head}</tr>\n{body}</table>"
