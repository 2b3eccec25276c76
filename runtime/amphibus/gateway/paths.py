"""Paths: which one was asked for, and how one is written.

Starlette's own routes match the decoded path, where a `%2F` in a parameter has become a separator,
and answer 405 with the methods of one route only. Hence this table, on the path as it was sent.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar
from urllib.parse import quote, unquote_to_bytes

from amphibus.gateway.problems import MALFORMED, Problem

Target = TypeVar("Target")
_PARAMETER = re.compile(r"\{([^{}/]+)\}")


class RoutePath(Generic[Target]):
    """One path with what its methods lead to."""

    def __init__(self, template: str) -> None:
        self.template = template
        self.parts = tuple(template.split("/"))
        self.methods: dict[str, Target] = {}

    @property
    def allowed(self) -> str:
        """The value of an `Allow` header."""
        both = {"HEAD", "OPTIONS"} if "GET" in self.methods else {"OPTIONS"}
        return ", ".join(sorted(both | set(self.methods)))

    def read(self, parts: list[str]) -> dict[str, str] | None:
        """The parameters, or None where the path is another one."""
        found: dict[str, str] = {}
        for own, part in zip(self.parts, parts, strict=True):
            if own[:1] == "{":
                if not part:
                    return None
                found[own[1:-1]] = _decoded(part)
            elif own != part:
                return None
        return found


class RouteTable(Generic[Target]):
    """All paths. Those without parameters are found first."""

    def __init__(self) -> None:
        self._plain: dict[str, RoutePath[Target]] = {}
        self._by_length: dict[int, list[RoutePath[Target]]] = {}

    def __iter__(self) -> Iterator[RoutePath[Target]]:
        yield from self._plain.values()
        for paths in self._by_length.values():
            yield from paths

    def add(self, method: str, template: str, target: Target) -> None:
        """Leads a method of a path somewhere.

        Raises:
            ValueError: it leads somewhere already.
        """
        path = next((each for each in self if each.template == template), None)
        if path is None:
            path = RoutePath(template)
            if parameters(template):
                self._by_length.setdefault(len(path.parts), []).append(path)
            else:
                self._plain[template] = path
        if method in path.methods:
            raise ValueError(f"{method} {template} is declared twice")
        path.methods[method] = target

    def find(self, raw_path: str) -> tuple[RoutePath[Target], dict[str, str]] | None:
        """The path that was asked for, and its parameters.

        Args:
            raw_path: as it was sent, percent-encoded.

        Raises:
            Problem: a parameter is not UTF-8.
        """
        plain = self._plain.get(raw_path)
        if plain is not None:
            return plain, {}
        parts = raw_path.split("/")
        for path in self._by_length.get(len(parts), ()):
            found = path.read(parts)
            if found is not None:
                return path, found
        return None


def parameters(template: str) -> tuple[str, ...]:
    """The names in a path."""
    return tuple(_PARAMETER.findall(template))


def render(template: str, values: Mapping[str, object]) -> str:
    """The path with its parameters filled in; the same values always give the same path."""
    return _PARAMETER.sub(lambda name: quote(str(values[name[1]]), safe=""), template)


def _decoded(part: str) -> str:
    if "%" not in part:
        return part
    try:
        return unquote_to_bytes(part).decode()
    except UnicodeDecodeError:
        raise Problem(MALFORMED, "the path is not UTF-8") from None
