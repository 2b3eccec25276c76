"""The elements of a JSON array, one after the other: of a file of any size, one is in memory at a time."""

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from amphibus.cli.send.records import LONGEST, Bad, Record, Text

_CHUNK: Final = 1 << 16
_SPACE: Final = b" \t\r\n"
_TOKENS: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{},"]', re.DOTALL)
"""A text, or a sign. A quote alone begins a text that goes on in the next part of the file."""


class _Splitter:
    """Finds where each element ends. What is wrong within one is for whoever reads it."""

    def __init__(self) -> None:
        self.line = 1
        self.rest = b""
        self._looked = 0
        self._depth = 0

    @property
    def ended(self) -> bool:
        """True once the array was closed."""
        return self._depth < 0

    def take(self, chunk: bytes) -> Iterator[Record]:
        """Yields the elements that end in this part of the file."""
        self.rest += chunk
        start, looked = 0, len(self.rest)
        for token in _TOKENS.finditer(self.rest, self._looked):
            sign = token[0]
            if sign == b'"':
                looked = token.start()
                break
            self._depth += (sign in b"[{") - (sign in b"]}") if len(sign) == 1 else 0
            if self._depth < 0 or (self._depth == 0 and sign == b","):
                yield from self._element(self.rest[start : token.start()])
                start = token.end()
            if self._depth < 0:
                break
        self.rest, self._looked = self.rest[start:], looked - start

    def _element(self, text: bytes) -> Iterator[Record]:
        begins = text[: len(text) - len(text.lstrip(_SPACE))].count(b"\n")
        if text.strip(_SPACE):
            yield Text(self.line + begins, text)
        self.line += text.count(b"\n")


def elements(stream: BinaryIO) -> Iterator[Record]:
    """Yields each element, with the line on which it begins; what is wrong with the array itself ends it."""
    splitter = _Splitter()
    splitter.line += _opening(stream)
    while not splitter.ended:
        chunk = stream.read(_CHUNK)
        if not chunk:
            ends = splitter.line + splitter.rest.count(b"\n")
            yield Bad(ends, "the array has no end: ] is missing")
            return
        yield from splitter.take(chunk)
        if len(splitter.rest) > LONGEST and not splitter.ended:
            yield Bad(splitter.line, f"is longer than {LONGEST:,} bytes")
            return
    yield from _after(splitter, stream)


def _opening(stream: BinaryIO) -> int:
    """Reads up to the bracket that opens the array, if there is one; returns the number of lines before it."""
    lines = 0
    while (sign := stream.read(1)) and sign in _SPACE:
        lines += sign == b"\n"
    if sign != b"[":
        stream.seek(0, 2)
    return lines


def _after(splitter: _Splitter, stream: BinaryIO) -> Iterator[Record]:
    text = splitter.rest
    while not text.strip(_SPACE):
        splitter.line += text.count(b"\n")
        text = stream.read(_CHUNK)
        if not text:
            return
    yield Bad(splitter.line, "something follows after the end of the array")
