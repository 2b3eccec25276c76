"""The contract of everything that lives as long as its module or process."""

from typing import Protocol


class Service(Protocol):
    """Something that is started and stopped: a writer, a relay, the leases, a host.

    What holds work of others may have `drain` beside these: it returns when nothing of that work is left.
    """

    async def start(self) -> None:
        """Begins. A second start does nothing."""
        ...

    async def started(self) -> None:
        """Returns once it does what it is there for."""
        ...

    async def stop(self) -> None:
        """Ends, and returns when nothing of it runs. A second stop, or one without a start, does nothing."""
        ...
