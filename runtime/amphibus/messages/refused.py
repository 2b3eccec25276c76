"""The envelope of a message that must not be taken at its word, for the record of its refusal."""

import hashlib
from collections.abc import Mapping

from amphibus.contract.texts import one_line
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_trace


def refused_envelope(headers: Mapping[str, str], body: bytes, *, sender: str, now: int) -> Envelope:
    """Returns an envelope for what came; `sender` is who brought it, as far as that is known.

    Its identity comes from its bytes: delivered again, it is the same. It has no key, so it waits
    behind nothing and nothing waits behind it.
    """
    digest = hashlib.sha256(body)
    for name, value in sorted(headers.items()):
        digest.update(f"\0{name}\0{value}".encode("utf-8", "surrogatepass"))
    digest.update(f"\0{sender}".encode())
    identity = digest.hexdigest()
    return Envelope(
        id=identity,
        type=one_line((headers.get("ce-type") or "unknown")[:255]),
        source=one_line(f"unknown:{sender}"[:128]),
        key=None,
        time=now,
        correlation=identity,
        causation=None,
        trace=new_trace(),
        body=body,
    )
