"""Connections whose clients show who they are by a certificate."""

import asyncio
from collections.abc import Callable
from typing import Any

from amphibus.gateway.exchanges import CERTIFICATE
from amphibus.gateway.limits.protocol import LimitedProtocol


class CertifiedProtocol(LimitedProtocol):
    """A connection whose requests say which certificate its client has shown; it was checked in the handshake."""

    app: Any
    before_it_is_counted: Callable[[], None]
    """Gives back the place of the same connection while it was being opened."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Notes the name in the certificate, if one was shown."""
        self.before_it_is_counted()
        super().connection_made(transport)
        if name := _name_in(transport.get_extra_info("peercert")):
            app = self.app

            async def named(scope: Any, receive: Any, send: Any) -> None:
                await app({**scope, CERTIFICATE: name}, receive, send)

            self.app = named


def _name_in(certificate: Any) -> str:
    """Returns the common name of a certificate's subject."""
    subject = (certificate or {}).get("subject", ())
    names = [value for part in subject for kind, value in part if kind == "commonName"]
    return str(names[-1]) if names else ""
