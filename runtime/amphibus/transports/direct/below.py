"""The seam to the transport below: what its broker can do now, and what it knows of senders."""

from typing import Protocol

from amphibus.messages.envelope import Envelope
from amphibus.transport import MarkingSender, Transport


class Below(Transport, Protocol):
    """A transport whose broker may be away."""

    @property
    def works(self) -> bool:
        """Returns whether the broker can be used for messages, as far as is known."""
        ...

    def follow(self, source: str, sender: MarkingSender | None) -> None:
        """Lets a sender recognise the broker at each new connection, before anything of it is published there."""
        ...

    def recall(self, source: str) -> None:
        """Forgets what was delivered for a sender and has not left. Of what has left, nobody is told any more."""
        ...

    def pass_by(self, passed: bool) -> None:
        """Learns that messages go past it, so that its broker is no lack; or that they do not any more."""
        ...

    def doubt(self, module: str, envelope: Envelope) -> str | None:
        """Returns why a message to a module here must not be believed, or None."""
        ...
