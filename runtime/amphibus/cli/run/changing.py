"""The moment at which a supervisor changes its shape: the broker says so, and the services of others."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from amphibus.cli.places import Place
from amphibus.cli.run.broker_watch import BrokerWatch

if TYPE_CHECKING:
    from amphibus.config.settings import Settings

TellStay = Callable[[Sequence[str]], None]
"""Called with the modules that others go on with, once each time that the broker is away."""


class Others(Protocol):
    """The services that others run on the same databases; see `Elsewhere`."""

    async def running(self) -> Sequence[str]:
        """Returns the modules that others go on with."""
        ...

    def leave(self) -> None:
        """Ends the asking."""
        ...


class ShapeChange:
    """Tells when the other shape follows. Lives as long as its supervisor."""

    def __init__(
        self,
        watch: BrokerWatch,
        others: Others | None,
        tell_stay: TellStay,
    ) -> None:
        self.watch = watch
        self._others = others
        self._tell_stay = tell_stay

    async def until(self, *, apart: bool) -> None:
        """Returns when the shape is to change: to one process if the services are `apart`, or back to them."""
        if apart:
            await self._until_one_process_may_begin()
        else:
            await self.watch.until_back()

    def failed(self, *, apart: bool) -> None:
        """Makes the way to a shape that did not start twice as long."""
        if apart:
            self.watch.hold_back()
        else:
            self.watch.hold_on()

    async def _until_one_process_may_begin(self) -> None:
        """Waits until the broker is away and nobody else goes on over it: two modes never share a database."""
        told = False
        try:
            while True:
                await self.watch.until_away()
                staying = [] if self._others is None else await self._others.running()
                if not staying:
                    return
                if not told:
                    self._tell_stay(staying)
                told = True
                await self.watch.look()
                if self.watch.there:
                    told = False
        finally:
            if self._others is not None:
                self._others.leave()


def change_of(
    settings: "Settings", broker_url: str, planned: Iterable[Place], tell_stay: TellStay
) -> ShapeChange:
    """Makes what tells a supervisor of these processes when the other shape follows."""
    from amphibus.transports.rabbitmq.address import addresses

    known = addresses(broker_url, heartbeat=settings.rabbitmq.heartbeat_seconds)
    watch = BrokerWatch(
        [str(each) for each in known],
        fallback_after=settings.bus.fallback_after_seconds,
        return_after=settings.bus.return_after_seconds,
    )
    return ShapeChange(watch, _others(settings, planned), tell_stay)


def _others(settings: "Settings", planned: Iterable[Place]) -> Others | None:
    """Returns nobody where the databases are files, which are one machine's."""
    if settings.db_url is None:
        return None
    from amphibus.database.postgres.elsewhere import Elsewhere

    counts = Counter(place.module for place in planned)
    return Elsewhere(settings.db_url.get_secret_value(), list(counts), max(counts.values()))
