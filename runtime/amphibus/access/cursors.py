"""Cursors: the place where a page of a list ends, sealed for whoever asked for it and for what he asked.

A cursor is base64url over an HMAC and the place. The HMAC is over the place, the type of the query, its filter and the
principal. Its key is derived, for 30 days at a time, from a secret that lies in the database of the list's owner: so
all instances have the same one, and keep it through restarts.
"""

import base64
import hmac
import json
import secrets
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from amphibus.access.principal import Principal
from amphibus.contract import Query
from amphibus.errors import Refused

INVALID: Final = "invalid_cursor"
"""The code of the refusal, which a contract of a list declares with the status 400."""
SECRET_BYTES: Final = 32
_SEAL_BYTES: Final = 16
_PERIOD_SECONDS: Final = 30 * 86_400
_OF_THE_PAGE: Final = frozenset(("cursor", "limit"))
"""Fields of a query that are no part of its filter."""


class Cursors:
    """The cursors of one module. Lives as long as its receiver; `secret` is that of its database once it is open."""

    __slots__ = ("secret",)

    def __init__(self) -> None:
        self.secret = secrets.token_bytes(SECRET_BYTES)

    def after(
        self, query: Query[Any], principal: Principal, place: tuple[str, ...], now: datetime
    ) -> str:
        """Returns the cursor of a page of a query that ends at a place."""
        text = json.dumps(place, ensure_ascii=False, separators=(",", ":"))
        seal = self._seal(query, principal, text, _period(now))
        return base64.urlsafe_b64encode(seal + text.encode()).decode()

    def place(
        self, query: Query[Any], principal: Principal, cursor: str, now: datetime
    ) -> tuple[str, ...]:
        """Returns the place in a cursor that was given to this principal for this query in the last 30 days.

        Raises:
            Refused: it was not; one of the period before is good too.
        """
        try:
            raw = base64.b64decode(cursor, b"-_", validate=True)
            seal, text = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:].decode()
        except ValueError:
            raise _refused() from None
        for period in (_period(now), _period(now) - 1):
            if hmac.compare_digest(seal, self._seal(query, principal, text, period)):
                return tuple(json.loads(text))
        raise _refused()

    def _seal(self, query: Query[Any], principal: Principal, text: str, period: int) -> bytes:
        wanted = query.model_dump(mode="json", exclude=set(_OF_THE_PAGE))
        sealed = json.dumps(
            [type(query).contract_type, wanted, principal.name, text], sort_keys=True
        )
        key = hmac.digest(self.secret, str(period).encode(), sha256)
        return hmac.digest(key, sealed.encode(), sha256)[:_SEAL_BYTES]


def _period(now: datetime) -> int:
    return int(now.timestamp()) // _PERIOD_SECONDS


def _refused() -> Refused:
    return Refused(
        INVALID,
        "this cursor was not given out to you for this filter, or it is too old; take the `next_cursor` of the page"
        " before with the same filter, or leave `cursor` out to begin with the first page",
    )
