"""The throttle: how often one address and one principal may ask, by the kind of what is asked."""

from collections.abc import Callable
from time import monotonic
from typing import Final, Literal, Protocol

from amphibus.access.principal import Principal
from amphibus.connections.origin import origin_of
from amphibus.gateway.limits.buckets import Buckets, refused_headers, window_of
from amphibus.gateway.problems import TOO_MANY, Problem

Asked = Literal["read", "write", "wait"]


class Rates(Protocol):
    """The settings by which it goes, read each time."""

    @property
    def read_rate(self) -> str: ...  # noqa: D102
    @property
    def write_rate(self) -> str: ...  # noqa: D102
    @property
    def wait_rate(self) -> str: ...  # noqa: D102


_KINDS: Final = ("read", "write", "wait")


class Throttle:
    """Lives as long as its door.

    Args:
        rates: the settings.
        proxy: an address that stands for many clients, each of whom it names.
        now: the time in seconds.
    """

    def __init__(
        self, rates: Rates, *, proxy: str = "", now: Callable[[], float] = monotonic
    ) -> None:
        self._rates = rates
        self._proxy = proxy
        self._buckets = {each: Buckets(now) for each in _KINDS}

    def ask_from(self, address: str, asked: Asked) -> None:
        """Counts a request of an address, before anything is known of who asks.

        Raises:
            Problem: it has asked too often.
        """
        if address != self._proxy:
            self._take(origin_of(address), asked)

    def ask_as(self, principal: Principal, asked: Asked) -> None:
        """Counts a request of somebody; whoever has no name is counted by his address.

        Raises:
            Problem: he has asked too often.
        """
        if principal.subject:
            self._take((principal.kind, principal.tenant, principal.subject), asked)

    def _take(self, whose: str | tuple[str, str, str], asked: Asked) -> None:
        window = window_of(self._rate(asked))
        if window is None:
            return
        seconds = self._buckets[asked].take(whose, window)
        if seconds:
            headers = refused_headers(asked, window, seconds)
            raise Problem(
                TOO_MANY,
                f"{window.most} in {window.seconds} s may be asked at most",
                headers=headers,
            )

    def _rate(self, asked: Asked) -> str:
        if asked == "read":
            return self._rates.read_rate
        return self._rates.write_rate if asked == "write" else self._rates.wait_rate
