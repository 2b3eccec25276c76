"""The first frames of a direct connection: each side proves that it has the key of the two modules, and tells it not.

The proof of each is an HMAC over both sides' challenges, its own part, and who asks whom at which instance. So it is
of no use on another connection, for the other part, or to another module.
"""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Any, Final

from amphibus.contract.texts import storable
from amphibus.transports.direct.directory import PeerAddress
from amphibus.transports.direct.frames import (
    LONGEST_GREETING,
    BadFrame,
    Frame,
    Kind,
    encoded,
    read_frame,
    text_in,
)

VERSION: Final = 1
_MESSAGES: Final = "messages"
"""Said by a version that takes messages, and not requests alone."""
_ASKS: Final = "asks"
_ANSWERS: Final = "answers"
_CHALLENGE_BYTES: Final = 32
_LONGEST_REASON: Final = 200

KeyOf = Callable[[str, str], bytes | None]
"""Returns the key of two modules, whichever of them asks; None where it is not known."""


class NotLetIn(Exception):
    """The other side did not show that it is who it says, or did not let us in."""


class Answering:
    """The answering side of one handshake.

    Args:
        instance: what this process is known by in the directory.
        hosted: returns whether a module is answered for here, now.
        key: the keys of the modules.
    """

    def __init__(self, instance: str, hosted: Callable[[str], bool], key: KeyOf) -> None:
        self._instance = instance
        self._hosted = hosted
        self._key = key

    async def greet(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[str, str]:
        """Lets a connection in; returns who asks and whom, both proved.

        Raises:
            NotLetIn: it did not prove it.
            BadFrame: it speaks something else.
            EOFError, OSError: it ended.
        """
        ours = secrets.token_hex(_CHALLENGE_BYTES)
        hello = {"amphibus": VERSION, "challenge": ours, _MESSAGES: True}
        writer.write(encoded(Kind.HELLO, head=hello))
        claim = await _expected(reader, Kind.CLAIM)
        asking, answering = text_in(claim.head, "from"), text_in(claim.head, "to")
        said = (asking, answering, self._instance, ours, text_in(claim.head, "challenge"))
        key = self._key(asking, answering)
        if key is None or not _is(claim, proof(key, _ASKS, said)):
            writer.write(encoded(Kind.REFUSED, head={"why": "the proof is not that of the key"}))
            raise NotLetIn("it has not the key of the module that it names")
        if not self._hosted(answering):
            writer.write(encoded(Kind.REFUSED, head={"why": f"{answering} is not here"}))
            raise EOFError
        writer.write(encoded(Kind.WELCOME, head={"proof": proof(key, _ANSWERS, said)}))
        return asking, answering


async def enter(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    *,
    asking: str,
    address: PeerAddress,
    key: bytes,
) -> bool:
    """The asking side: returns once both are known to each other, and whether the other one takes messages.

    Raises:
        NotLetIn: one of both is not who it should be.
        BadFrame: the other speaks something else.
        EOFError, OSError: the connection ended.
    """
    hello = await _expected(reader, Kind.HELLO)
    if hello.head.get("amphibus") != VERSION:
        raise NotLetIn(f"it speaks another version than {VERSION}")
    ours = secrets.token_hex(_CHALLENGE_BYTES)
    theirs = text_in(hello.head, "challenge")
    said = (asking, address.module, address.instance, theirs, ours)
    head: dict[str, Any] = {
        "from": asking,
        "to": address.module,
        "challenge": ours,
        "proof": proof(key, _ASKS, said),
    }
    writer.write(encoded(Kind.CLAIM, head=head))
    welcome = await _expected(reader, Kind.WELCOME, Kind.REFUSED)
    if welcome.kind is Kind.REFUSED:
        raise NotLetIn(storable(text_in(welcome.head, "why"), _LONGEST_REASON))
    if not _is(welcome, proof(key, _ANSWERS, said)):
        raise NotLetIn("it has not the key of the module that it should be")
    return hello.head.get(_MESSAGES) is True


def proof(key: bytes, part: str, said: tuple[str, ...]) -> str:
    """Returns what only a holder of the key can say of a handshake."""
    words = "".join(f"{len(each)}:{each}" for each in (part, *said))
    return hmac.new(key, words.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _is(frame: Frame, expected: str) -> bool:
    given = text_in(frame.head, "proof")
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())


async def _expected(reader: asyncio.StreamReader, *kinds: Kind) -> Frame:
    frame = await read_frame(reader, longest_head=LONGEST_GREETING, longest_body=0)
    if frame.kind not in kinds:
        raise BadFrame(f"{frame.kind.name} in the place of {kinds[0].name}")
    return frame
