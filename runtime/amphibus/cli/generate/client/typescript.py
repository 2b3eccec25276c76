"""The client in TypeScript: interfaces for what travels, `fetch` for the way, and no dependency."""

import json
import re
from collections.abc import Iterator
from typing import Final

from amphibus.cli.generate.client.api import ApiPage, Call, Declaration, TypedField
from amphibus.cli.generate.client.kinds import Kind, ListOf, MapOf, Named, OneOf, Scalar, Words
from amphibus.cli.generate.client.text import Facts, camel_of, filled, pascal_of
from amphibus.contract import kind_of

_SCALARS: Final = {
    "text": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
    "uuid": "string",
    "decimal": "string",
    "moment": "string",
    "day": "string",
    "anything": "unknown",
}
_WORDS: Final = {
    "uuid": "A UUID.",
    "decimal": "A decimal number, as text.",
    "moment": "A moment with its zone: RFC 3339.",
    "day": "A day: 2026-01-31.",
}


def typescript_files(pages: list[ApiPage], facts: Facts) -> dict[str, str]:
    """Returns the files of the folder by their names."""
    found = {
        "index.ts": _index(pages, facts),
        "http.ts": filled("http.ts", facts),
        "messages.ts": filled("messages.ts", facts),
    }
    return found | {f"{page.name}.ts": _page(page, facts) for page in pages}


def _index(pages: list[ApiPage], facts: Facts) -> str:
    served = [page for page in pages if page.calls]
    lines = [
        f"// A client of {facts.title}.\n//\n// {facts.mark}\n",
        'import { Http } from "./http.js";',
    ]
    lines += [f'import {{ {pascal_of(page.name)} }} from "./{page.name}.js";' for page in served]
    lines += [
        '\nexport { Problem, Refused } from "./http.js";',
        'export type { CommandOptions, QueryOptions, WrongField } from "./http.js";',
        'export { outgoing } from "./messages.js";',
        'export type { CommandType, Outgoing, Sending } from "./messages.js";',
    ]
    lines += [f'export * as {camel_of(page.name)} from "./{page.name}.js";' for page in pages]
    lines += [
        f"\n/** The HTTP API of {facts.title}, page by page of its contracts. */",
        "export class Client {",
    ]
    lines += [f"  readonly {camel_of(page.name)}: {pascal_of(page.name)};" for page in served]
    lines += [
        "",
        "  constructor(base: string, fetcher: typeof fetch = fetch) {",
        "    const http = new Http(base, fetcher);",
    ]
    lines += [
        f"    this.{camel_of(page.name)} = new {pascal_of(page.name)}(http);" for page in served
    ]
    return "\n".join([*lines, "  }", "}"]) + "\n"


def _page(page: ApiPage, facts: Facts) -> str:
    commands = [
        each
        for each in page.types.values()
        if each.contract is not None and kind_of(each.contract) == "command"
    ]
    head = [f"// The contracts of {page.owner}, version {page.version}.\n//\n// {facts.mark}\n"]
    if page.calls:
        has_commands = any(each.is_command for each in page.calls)
        has_queries = not all(each.is_command for each in page.calls)
        options = ["CommandOptions"] * has_commands + ["Http"] + ["QueryOptions"] * has_queries
        head.append(f'import type {{ {", ".join(options)} }} from "./http.js";')
    if commands:
        head.append('import type { CommandType } from "./messages.js";')
    parts = [text for each in page.types.values() for text in ("", *_interface(each))]
    parts += [text for each in commands for text in ("", *_command(each))]
    events = [
        each.contract.contract_type
        for each in page.types.values()
        if each.contract is not None and kind_of(each.contract) == "event"
    ]
    if events:
        parts += [
            "",
            "/** The events of this page, by their types. */",
            "export interface Events {",
        ]
        parts += [f'  readonly "{each}": {each.split(".")[1]};' for each in events]
        parts += ["}"]
    parts += ["", *_calls(page)] if page.calls else []
    return "\n".join([*head, *parts]) + "\n"


def _interface(declaration: Declaration) -> Iterator[str]:
    if declaration.text:
        yield _comment(declaration.text)
    if not declaration.fields:
        yield f"export type {declaration.name} = Record<string, never>;"
        return
    yield f"export interface {declaration.name} {{"
    for each in declaration.fields:
        said = _WORDS.get(_scalar_of(each), "")
        if said:
            yield f"  {_comment(said)}"
        yield f"  readonly {_name(each.wire)}{'' if each.required else '?'}: {_kind(each.kind)};"
    yield "}"


def _scalar_of(each: TypedField) -> str:
    kinds = each.kind.kinds if isinstance(each.kind, OneOf) else (each.kind,)
    return next((kind.name for kind in kinds if isinstance(kind, Scalar)), "")


def _command(declaration: Declaration) -> Iterator[str]:
    contract = declaration.contract
    assert contract is not None
    name = camel_of_class(declaration.name)
    yield _comment(f"{contract.contract_type}, for `outgoing`.")
    yield f"export const {name}: CommandType<{declaration.name}> = {{"
    yield f'  type: "{contract.contract_type}",'
    yield f'  owner: "{contract.contract_owner}",'
    yield f"  key: {json.dumps(contract.contract_key)},"
    yield "};"


def _calls(page: ApiPage) -> Iterator[str]:
    yield f"/** The routes of {page.owner}, version {page.version}. */"
    yield f"export class {pascal_of(page.name)} {{"
    yield "  private readonly http: Http;\n"
    yield "  constructor(http: Http) {\n    this.http = http;\n  }"
    for each in page.calls:
        yield "\n" + "\n".join(_call(each))
    yield "}"


def _call(call: Call) -> Iterator[str]:
    contract, gives = call.contract, call.gives or "Record<string, never>"
    text = " ".join((contract.__doc__ or call.name).split())
    if contract.contract_refuses:
        codes = ", ".join(
            f"{code} ({status})" for code, status in contract.contract_refuses.items()
        )
        text += f" Refused with {codes}."
    if contract.contract_deprecated is not None:
        text += f" @deprecated It is {contract.contract_deprecated}."
    yield f"  {_comment(text)}"
    options = "CommandOptions" if call.is_command else "QueryOptions"
    yield f"  {camel_of(call.name)}(message: {call.takes}, options?: {options}): Promise<{gives}> {{"
    place = f"{json.dumps(call.path)}, message, {json.dumps(list(call.in_path))}, options"
    asked = (
        f'send<{gives}>("{call.method}", {place})' if call.is_command else f"ask<{gives}>({place})"
    )
    yield f"    return this.http.{asked};"
    yield "  }"


def _kind(kind: Kind) -> str:
    match kind:
        case Scalar(name):
            return _SCALARS[name]
        case Words(values, open=is_open):
            found = " | ".join(json.dumps(each) for each in values)
            return f"{found} | (string & {{}})" if is_open else found
        case ListOf(item):
            return f"readonly {_grouped(item)}[]"
        case MapOf(value):
            return f"{{ readonly [name: string]: {_kind(value)} }}"
        case Named(name):
            return name
        case OneOf(kinds):
            return " | ".join(dict.fromkeys(_kind(each) for each in kinds))


def _grouped(kind: Kind) -> str:
    found = _kind(kind)
    return f"({found})" if " " in found else found


def _name(wire: str) -> str:
    return wire if re.fullmatch(r"[A-Za-z_$][\w$]*", wire) else json.dumps(wire)


def _comment(text: str) -> str:
    return f"/** {text.replace('*/', '* /')} */"


def camel_of_class(name: str) -> str:
    """Returns `placeOrder` for `PlaceOrder`."""
    return name[:1].lower() + name[1:]
