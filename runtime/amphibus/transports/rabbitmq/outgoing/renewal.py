"""Tells when a channel has to make way for a new one because a queue refuses what comes on it.

RabbitMQ before its pull request 12310 of September 2024 goes on refusing what a channel publishes to a queue that
was full once, for as long as that channel lives, if the limit is taken away before the queue has become emptier.
A new channel is answered by how the queue is now.
"""

import time
from typing import Final

_SECONDS: Final = 3.0
"""So long a channel is kept at least: a queue that stays full must not cost a channel for each message."""


class Renewal:
    """Follows one channel after the other."""

    def __init__(self) -> None:
        self.due = False
        """Nothing more is published on the channel; a new one takes its place once all on it is answered."""
        self._opened = 0.0

    def opened(self) -> None:
        """Notes that there is a new channel."""
        self.due = False
        self._opened = time.monotonic()

    def refused(self) -> None:
        """Notes that a queue refused a message on the channel."""
        if time.monotonic() - self._opened >= _SECONDS:
            self.due = True
