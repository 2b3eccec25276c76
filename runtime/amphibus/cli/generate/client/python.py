"""The client in Python: Pydantic classes for what travels, httpx for the way."""

import keyword
import textwrap
from collections.abc import Iterator
from typing import Any, Final

from amphibus.cli.add.layout import fit
from amphibus.cli.generate.client.api import ABSENT, ApiPage, Call, Declaration, TypedField
from amphibus.cli.generate.client.kinds import Kind, ListOf, MapOf, Named, OneOf, Scalar, Words
from amphibus.cli.generate.client.text import Facts, filled, pascal_of
from amphibus.contract import kind_of

_SCALARS: Final = {
    "text": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "null": "None",
    "uuid": "UUID",
    "decimal": "Decimal",
    "moment": "datetime",
    "day": "date",
    "anything": "Any",
}
_IMPORTS: Final = (
    ("datetime", ("date", "datetime")),
    ("decimal", ("Decimal",)),
    ("typing", ("Any", "ClassVar", "Literal")),
    ("uuid", ("UUID",)),
)


def python_files(pages: list[ApiPage], facts: Facts) -> dict[str, str]:
    """Returns the files of the package by their names."""
    found = {
        "__init__.py": _package(pages, facts),
        "http.py": filled("http.py", facts),
        "messages.py": filled("messages.py", facts),
    }
    return found | {f"{page.name}.py": _page(page, facts) for page in pages}


def _package(pages: list[ApiPage], facts: Facts) -> str:
    served = [page for page in pages if page.calls]
    lines = [f'"""A client of {facts.title}.\n\n{facts.mark}\n"""\n', "import httpx\n"]
    lines += [
        "from .http import Http, Problem, Refused",
        "from .messages import Outgoing, outgoing",
    ]
    lines += [f"from .{page.name} import {pascal_of(page.name)}" for page in served]
    lines += [
        '\n__all__ = ("Client", "Outgoing", "Problem", "Refused", "outgoing")\n\n',
        "class Client:",
        f'    """The HTTP API of {facts.title}, page by page of its contracts."""\n',
        "    def __init__(",
        "        self, base_url: str, *, timeout: float = 30.0, client: httpx.Client | None = None",
        "    ) -> None:",
        "        self._http = Http(base_url, timeout, client)",
    ]
    lines += [f"        self.{page.name} = {pascal_of(page.name)}(self._http)" for page in served]
    lines += [
        "",
        '    def __enter__(self) -> "Client":',
        '        """Returns itself; the connections are closed at the end."""',
        "        return self",
        "",
        "    def __exit__(self, *_: object) -> None:",
        "        self._http.close()",
    ]
    return "\n".join(lines) + "\n"


def _page(page: ApiPage, facts: Facts) -> str:
    classes = [text for each in page.types.values() for text in (_class(each), "")]
    calls = list(_calls(page)) if page.calls else []
    body = "\n".join([*classes, *calls])
    bases = sorted({_base(each) for each in page.types.values()} - {"Part"})
    head = [f'"""The contracts of {page.owner}, version {page.version}.\n\n{facts.mark}\n"""\n']
    for module, names in _IMPORTS:
        used = [name for name in names if _is_used(name, body)]
        head += [f"from {module} import {', '.join(used)}"] if used else []
    head += ["\nfrom pydantic import Field"] if "Field(" in body else []
    ours = [*(["Http"] if page.calls else []), *(["Part"] if "(Part)" in body else [])]
    head += [""]
    head += [f"from .http import {', '.join(ours)}"] if ours else []
    head += [f"from .messages import {', '.join(bases)}"] if bases else []
    return "\n".join([*head, "\n", body]).rstrip("\n") + "\n"


def _is_used(name: str, body: str) -> bool:
    return any(f"{left}{name}{right}" in body for left in " [(|" for right in "[],() |\n.")


def _base(declaration: Declaration) -> str:
    contract = declaration.contract
    if contract is None or kind_of(contract) == "query":
        return "Part"
    return "Event" if kind_of(contract) == "event" else "Command"


def _class(declaration: Declaration) -> str:
    lines = [f"class {declaration.name}({_base(declaration)}):"]
    lines += _docstring(declaration.text or declaration.name, 4)
    contract = declaration.contract
    if contract is not None and kind_of(contract) != "query":
        lines += ["", f'    TYPE: ClassVar[str] = "{contract.contract_type}"']
        if kind_of(contract) == "command":
            key = None if contract.contract_key is None else f'"{contract.contract_key}"'
            lines.append(f'    OWNER: ClassVar[str] = "{contract.contract_owner}"')
            lines.append(f"    KEY: ClassVar[str | None] = {key}")
    lines += [""] if declaration.fields else []
    lines += [f"    {_field(each)}" for each in declaration.fields]
    return "\n".join(lines) + "\n"


def _field(each: TypedField) -> str:
    name = f"{each.name}_" if keyword.iskeyword(each.name) else each.name
    kind = _kind(each.kind)
    default = None if each.required or each.default is ABSENT else _value(each.default, each.kind)
    if not each.required and default is None:
        kind, default = (kind if "None" in kind else f"{kind} | None"), "None"
    if name == each.wire:
        return f"{name}: {kind}" + (f" = {default}" if default is not None else "")
    said = [f"default={default}"] if default is not None else []
    return f"{name}: {kind} = " + fit("Field(", [*said, f'alias="{each.wire}"'], ")", 4)


def _kind(kind: Kind) -> str:
    match kind:
        case Scalar(name):
            return _SCALARS[name]
        case Words(values, open=is_open):
            exact = all(isinstance(each, str | int | bool) for each in values)
            return "str" if is_open or not exact else f"Literal[{', '.join(map(_word, values))}]"
        case ListOf(item):
            return f"tuple[{_kind(item)}, ...]"
        case MapOf(value):
            return f"dict[str, {_kind(value)}]"
        case Named(name):
            return f'"{name}"'
        case OneOf(kinds):
            return _union([_kind(each) for each in kinds])


def _union(kinds: list[str]) -> str:
    """A name in quotes cannot stand beside `|`: the whole is quoted instead."""
    found = " | ".join(dict.fromkeys(each.strip('"') for each in kinds))
    return f'"{found}"' if any(each.startswith('"') for each in kinds) else found


def _value(value: Any, kind: Kind) -> str:
    kinds = kind.kinds if isinstance(kind, OneOf) else (kind,)
    if value is None:
        return "None"
    if isinstance(value, list):
        return "()" if not value else f"Field(default_factory=lambda: {value!r})"
    if isinstance(value, str):
        for name, maker in (("decimal", "Decimal"), ("uuid", "UUID")):
            if Scalar(name) in kinds:  # type: ignore[arg-type]
                return f"{maker}({_word(value)})"
        return _word(value) if not {Scalar("moment"), Scalar("day")} & set(kinds) else "None"
    return "Field(default_factory=dict)" if isinstance(value, dict) else repr(value)


def _word(value: Any) -> str:
    if not isinstance(value, str):
        return repr(value)
    escaped = value.encode("unicode_escape").decode().replace('"', '\\"')
    return f'"{escaped}"'


def _calls(page: ApiPage) -> Iterator[str]:
    yield f"class {pascal_of(page.name)}:"
    yield f'    """The routes of {page.owner}, version {page.version}."""\n'
    yield "    def __init__(self, http: Http) -> None:"
    yield "        self._http = http"
    for each in page.calls:
        yield "\n" + "\n".join(_call(each))


def _call(call: Call) -> Iterator[str]:
    gives = call.gives or "None"
    more = ["*", "idempotency_key: str | None = None"] if call.is_command else []
    given = ["self", f"message: {call.takes}", *more]
    yield f"    {fit(f'def {call.name}(', given, f') -> {gives}:', 4)}"
    yield from _docstring(_said_of(call), 8)
    asked = [f'"{call.path}"', "message", _tuple(call.in_path)]
    head = "" if call.gives is None else "found = "
    if call.is_command:
        asked = [f'"{call.method}"', *asked, "idempotency_key"]
    yield f"        {fit(f'{head}self._http.{_verb(call)}(', asked, ')', 8)}"
    if call.gives is not None:
        yield f"        return {gives}.model_validate_json(found)"


def _verb(call: Call) -> str:
    return "send" if call.is_command else "ask"


def _said_of(call: Call) -> str:
    contract = call.contract
    text = " ".join((contract.__doc__ or call.name).split())
    if contract.contract_deprecated is not None:
        text += f" It is {contract.contract_deprecated}."
    if contract.contract_refuses:
        codes = ", ".join(
            f"{code} ({status})" for code, status in contract.contract_refuses.items()
        )
        text += f" Refused with {codes}."
    return text


def _docstring(text: str, indent: int) -> list[str]:
    said = text.replace("\\", "\\\\").replace('"""', "'''")
    lines = textwrap.wrap(f'"""{said}', 100 - indent - 3) or ['"""']
    lines[-1] += '"""'
    return [f"{' ' * indent}{line}" for line in lines]


def _tuple(names: tuple[str, ...]) -> str:
    return f"({', '.join(f'{chr(34)}{each}{chr(34)}' for each in names)}{',' if len(names) == 1 else ''})"
