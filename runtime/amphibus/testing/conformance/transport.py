"""The promise of a transport as one class: who subclasses it has every fact of the suite put to his own."""

from abc import ABC, abstractmethod
from pathlib import Path

import pytest

from amphibus.clock import Clock
from amphibus.config.settings import Settings
from amphibus.routing.topology import Topology
from amphibus.testing.conformance import suite
from amphibus.testing.conformance.office import Office
from amphibus.transport import Transport


class TransportConformance(ABC):
    """Every fact about a transport, as tests of the class that subclasses it and makes the transport.

    class TestMyTransport(TransportConformance):
        def transport(self, topology, settings, clock):
            return MyTransport(settings, clock)
    """

    pytestmark = pytest.mark.asyncio

    def __init_subclass__(cls) -> None:
        """Gives a subclass the facts, but for those that it has replaced by its own."""
        super().__init_subclass__()
        for name, fact in vars(suite).items():
            if name.startswith("test_") and not hasattr(cls, name):
                setattr(cls, name, staticmethod(fact))

    @abstractmethod
    def transport(self, topology: Topology, settings: Settings, clock: Clock) -> Transport:
        """Returns a new transport, not opened yet."""

    @pytest.fixture
    def db_url(self) -> str | None:
        """The database on a server that the facts are put to; None for files."""
        return None

    @pytest.fixture
    def office(self, tmp_path: Path, db_url: str | None) -> Office:
        """The tiny business on this transport, not opened yet."""
        return Office(self.transport, tmp_path, db_url=db_url)
