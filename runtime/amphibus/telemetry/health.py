"""The state of the process: starting, ready or draining, with the reasons by name."""

from typing import Literal

HealthState = Literal["starting", "ready", "draining"]


class Health:
    """The health of one process, used from its event loop only.

    It begins as `starting`. It is ready once it was `started` and nothing is missing, until `draining`
    begins, which never ends. A broker that is away is no lack: work is accepted and kept.
    """

    __slots__ = ("_lacking", "_state")

    def __init__(self) -> None:
        self._state: HealthState = "starting"
        self._lacking: dict[str, str] = {}

    @property
    def state(self) -> HealthState:
        """`ready` means that everything was started; `reasons` may still name something missing now."""
        return self._state

    @property
    def ready(self) -> bool:
        """True if this process should get new work."""
        return self._state == "ready" and not self._lacking

    def reasons(self) -> dict[str, str]:
        """Returns the reasons why the process is not ready, by name; empty when it is."""
        own = {} if self._state == "ready" else {"process": self._state}
        return own | self._lacking

    def lack(self, name: str, why: str) -> None:
        """Notes that something needed is missing for now, e.g. `lack("orders", "its database is full")`."""
        self._lacking[name] = why

    def has(self, name: str) -> None:
        """Notes that something missing is there again; does nothing if it was not missing."""
        self._lacking.pop(name, None)

    def tell(self, name: str, why: str) -> None:
        """Notes the reason why something is missing, or that it is there if the reason is empty."""
        if why:
            self.lack(name, why)
        else:
            self.has(name)

    def started(self) -> None:
        """Notes that everything was started. While draining it changes nothing."""
        if self._state == "starting":
            self._state = "ready"

    def draining(self) -> None:
        """Notes that the process was told to stop: it takes no new work."""
        self._state = "draining"
