"""The seam to where processes announce their addresses and find the keys of their modules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PeerAddress:
    """One module at one process: where it is asked directly."""

    module: str
    instance: str
    """Made up anew by each process, so that another one at an old port is not taken for it."""
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Known:
    """The addresses of each module, and the keys of pairs of modules."""

    addresses: Mapping[str, Sequence[PeerAddress]] = field(default_factory=dict)
    keys: Mapping[frozenset[str], bytes] = field(default_factory=dict)
    """A module that asks itself is a pair of one."""


class DirectoryUnusable(Exception):
    """The directory cannot be used, and why; `fix` is what to type."""

    def __init__(self, why: str, fix: str = "") -> None:
        super().__init__(why)
        self.fix = fix


class Directory(Protocol):
    """The announcements of one system. Who may write a module's database may announce it, and read its keys."""

    every_seconds: float
    """The time between two beats."""

    async def beat(self, own: Sequence[PeerAddress]) -> Known:
        """Announces our addresses, those before them withdrawn, and returns what all have announced.

        Raises:
            DirectoryUnusable: it must be corrected first.
            Exception: it is away for now.
        """
        ...

    async def close(self) -> None:
        """Withdraws our addresses, as far as that can be done at once."""
        ...
