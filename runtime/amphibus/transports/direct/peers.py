"""The processes that answer for each module, as the directory knows them now; which of them is asked next."""

import asyncio
import ssl
from collections.abc import Callable
from functools import partial
from itertools import chain, count

from amphibus.transports.direct.directory import Known, PeerAddress
from amphibus.transports.direct.peer import Peer


class Peers:
    """Lives as long as its process. An address that comes anew is another peer, without the failures of the old one."""

    def __init__(self, *, body_limit: int, tls: ssl.SSLContext | None = None) -> None:
        self._body_limit = body_limit
        self._tls = tls
        self._known = Known()
        self._peers: dict[tuple[str, PeerAddress], Peer] = {}
        self._turns = count()

    def key(self, one: str, other: str) -> bytes | None:
        """Returns the key of two modules, or None."""
        return self._known.keys.get(frozenset((one, other)))

    def learn(self, known: Known) -> None:
        """Takes what the directory knows now."""
        self._known = known
        there = set(chain.from_iterable(known.addresses.values()))
        for who in [who for who in self._peers if who[1] not in there]:
            self._peers.pop(who).retire()

    def of(self, asking: str, module: str) -> list[Peer]:
        """Returns those that may be asked for a module now, the least busy one first; equals in turn."""
        if self.key(asking, module) is None:
            return []
        found = [self._peer(asking, each) for each in self._known.addresses.get(module, ())]
        usable = [each for each in found if each.usable]
        if len(usable) > 1:
            first = next(self._turns) % len(usable)
            usable = usable[first:] + usable[:first]
            usable.sort(key=_in_flight)
        return usable

    async def close(self) -> None:
        """Ends every connection."""
        peers, self._peers = list(self._peers.values()), {}
        self._known = Known()
        await asyncio.gather(*(peer.close() for peer in peers))

    def _peer(self, asking: str, address: PeerAddress) -> Peer:
        found = self._peers.get((asking, address))
        if found is None:
            key: Callable[[], bytes | None] = partial(self.key, asking, address.module)
            found = self._peers[asking, address] = Peer(
                asking, address, key=key, body_limit=self._body_limit, tls=self._tls
            )
        return found


def _in_flight(peer: Peer) -> int:
    return peer.in_flight
