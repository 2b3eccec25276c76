"""The file that is sent: read twice, once for what it is and once for its records, and never held as a whole."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, Final, Literal

from amphibus.cli.output import CommandError, Exit
from amphibus.cli.send.json_array import elements
from amphibus.cli.send.records import LONGEST, Bad, Record, Text

Format = Literal["ndjson", "json", "csv"]
_CHUNK: Final = 1 << 20
_SUFFIXES: Final[dict[str, Format]] = {".csv": "csv", ".tsv": "csv", ".json": "json"}


@dataclass(frozen=True)
class Source:
    """A file that is open. `name` follows from its content: the same content has the same name, wherever it lies."""

    stream: BinaryIO
    format: Format
    name: str
    newlines: int

    def texts(self) -> Iterator[Record]:
        """Yields each line that is not empty, or each element of the array, from the beginning."""
        self.stream.seek(0)
        return elements(self.stream) if self.format == "json" else _lines(self.stream)


@contextmanager
def opened(file: Path, chosen: Format | None) -> Iterator[Source]:
    """Opens a file, or for `-` what stdin says, which is kept in a temporary file meanwhile.

    Raises:
        CommandError: it cannot be read.
    """
    try:
        with TemporaryFile() if str(file) == "-" else file.open("rb") as stream:
            if str(file) == "-":
                while chunk := sys.stdin.buffer.read(_CHUNK):
                    stream.write(chunk)
                stream.seek(0)
            yield _looked_at(stream, chosen or _SUFFIXES.get(file.suffix.lower()))
    except OSError as error:
        raise CommandError(
            f"{file} cannot be read", error.strerror or str(error), f"ls -l {file}", Exit.USAGE
        ) from error


def _looked_at(stream: BinaryIO, chosen: Format | None) -> Source:
    digest, newlines, first = sha256(), 0, b""
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
        newlines += chunk.count(b"\n")
        first = first or chunk.lstrip()[:1]
    found: Format = "json" if first == b"[" else "ndjson"
    return Source(stream, chosen or found, digest.hexdigest()[:32], newlines)


def _lines(stream: BinaryIO) -> Iterator[Record]:
    number = 0
    while line := stream.readline(LONGEST + 1):
        number += 1
        if len(line) > LONGEST:
            yield Bad(number, f"is longer than {LONGEST:,} bytes")
            while line and not line.endswith(b"\n"):
                line = stream.readline(LONGEST + 1)
        elif line.strip():
            yield Text(number, line)
