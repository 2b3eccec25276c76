"""Message ids of requests that may be repeated: the same for the same request, and told in advance by nobody outside.

Whoever could tell the id that a message will have could send another one under it first, and its receiver would take
the true one for a repetition. So an id is an HMAC over what is the same when a request is repeated: who asks, the
route, and the key that he chose.
"""

import hmac
import uuid
from collections.abc import Callable
from hashlib import sha256
from typing import Final

_PURPOSE: Final = b"ids of requests"
"""Parts these ids from whatever else the same secret is for."""


class RequestIds:
    """Lives as long as the gateway.

    Args:
        secret: returns the secret of all gateways that know each other's requests.
    """

    def __init__(self, secret: Callable[[], bytes]) -> None:
        self._secret = secret

    def of(self, *parts: str) -> str:
        """Returns the same id for the same parts, a UUIDv8; each part counts with its length."""
        text = "".join(f"{len(part)}:{part}" for part in parts).encode("utf-8", "surrogatepass")
        key = hmac.digest(self._secret(), _PURPOSE, sha256)
        number = int.from_bytes(hmac.digest(key, text, sha256)[:16])
        number = number & ~(0xF << 76) | 0x8 << 76
        return str(uuid.UUID(int=number & ~(0x3 << 62) | 0x2 << 62))
