"""The layout of generated code, so that the formatter has nothing to change."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

_WIDTH: Final = 100


def fit(head: str, items: Sequence[str], tail: str, indent: int = 0) -> str:
    """One line if it fits, else one line an item; the first line comes without its indent."""
    line = f"{head}{', '.join(items)}{tail}"
    if indent + len(line) <= _WIDTH and "\n" not in line:
        return line
    inside = "".join(f"{' ' * (indent + 4)}{each},\n" for each in items)
    return f"{head}\n{inside}{' ' * indent}{tail}"


def rendered(template: str, **facts: Any) -> str:
    """The text of a template, which ends with one newline."""
    return _templates().get_template(f"{template}.jinja").render(**facts).strip("\n") + "\n"


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("amphibus.cli.add"),
        autoescape=False,  # noqa: S701 - the output is Python
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    made.globals["fit"] = fit
    return made
