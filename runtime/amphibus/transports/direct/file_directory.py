"""The directory of modules whose databases are files: a folder beside them, of the same user's alone."""

import json
import os
import secrets
import socket
from collections.abc import Iterator, Sequence
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Final

from amphibus.transports.direct.directory import DirectoryUnusable, Known, PeerAddress

_KEY_FILE: Final = "key"
_KEY_BYTES: Final = 32
_SUFFIX: Final = ".address"
_LONGEST: Final = 4_096
_MOST_HOST: Final = 255
_EVERY_SECONDS: Final = 1.0
_NO_ADDRESS: Final = (
    OSError,
    ArithmeticError,  # a port may be Infinity
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    RecursionError,
)


class FileDirectory:
    """Keeps the promise of `Directory` in a folder.

    All modules have one key: whoever may read it may write every module's file as well.
    """

    every_seconds = _EVERY_SECONDS

    def __init__(self, data_dir: Path, modules: Sequence[str]) -> None:
        self._folder = data_dir / "direct"
        self._pairs = [frozenset(pair) for pair in combinations_with_replacement(modules, 2)]
        self._modules = frozenset(modules)
        self._own: tuple[PeerAddress, ...] = ()
        self._machine = socket.gethostname()

    async def beat(self, own: Sequence[PeerAddress]) -> Known:
        """Announces our addresses where they are new, and reads those of all.

        Raises:
            DirectoryUnusable: the folder cannot be written, or others may read the key.
        """
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            key = self._key()
            self._announce(tuple(own))
            found: dict[str, list[PeerAddress]] = {}
            for address in self._announced():
                found.setdefault(address.module, []).append(address)
        except OSError as error:
            raise DirectoryUnusable(f"{self._folder}: {error.strerror or error}") from error
        return Known(found, dict.fromkeys(self._pairs, key))

    async def close(self) -> None:
        """Removes our addresses, where another process has not put its own meanwhile."""
        for address in self._own:
            self._withdraw(address)
        self._own = ()

    def _announce(self, own: tuple[PeerAddress, ...]) -> None:
        for gone in set(self._own).difference(own):
            self._withdraw(gone)
        for address in own:
            if address in self._own and self._file(address.module).exists():
                continue
            entry = {
                "instance": address.instance,
                "host": address.host,
                "port": address.port,
                "machine": self._machine,
            }
            _write(self._file(address.module), json.dumps(entry))
        self._own = own

    def _withdraw(self, address: PeerAddress) -> None:
        if _read(self._file(address.module), self._machine) == address:
            self._file(address.module).unlink(missing_ok=True)

    def _announced(self) -> Iterator[PeerAddress]:
        for path in self._folder.glob(f"*{_SUFFIX}"):
            if path.stem in self._modules and (address := _read(path, self._machine)) is not None:
                yield address

    def _key(self) -> bytes:
        """Returns the key; the first process makes it up."""
        path = self._folder / _KEY_FILE
        if not path.exists():
            draft = _draft(path, secrets.token_hex(_KEY_BYTES))
            try:
                os.link(draft, path)  # never in the place of one that another process has made
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        if path.stat().st_mode & 0o077:
            raise DirectoryUnusable(f"others may read {path}", f"chmod 600 {path}")
        key = path.read_bytes().strip()
        if len(key) < _KEY_BYTES:
            raise DirectoryUnusable(f"{path} holds no key", f"rm {path}")
        return key

    def _file(self, module: str) -> Path:
        return self._folder / f"{module}{_SUFFIX}"


def _write(path: Path, text: str) -> None:
    _draft(path, text).replace(path)


def _draft(path: Path, text: str) -> Path:
    """Writes a file beside another that only this user may read."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    return draft


def _read(path: Path, machine: str) -> PeerAddress | None:
    """Returns what a file announces; None of what is no announcement, or of another machine's loopback."""
    try:
        with path.open("rb") as file:
            entry = json.loads(file.read(_LONGEST))
        host, port, instance = str(entry["host"]), int(entry["port"]), str(entry["instance"])
        elsewhere = entry.get("machine") != machine
    except _NO_ADDRESS:
        return None
    if not 0 < port < 65_536 or len(host) > _MOST_HOST or (elsewhere and is_loopback(host)):
        return None
    return PeerAddress(path.stem, instance, host, port)


def is_loopback(host: str) -> bool:
    """Returns whether an address means the machine of whoever uses it."""
    return host in ("localhost", "::1") or host.startswith("127.")
