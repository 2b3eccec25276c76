"""Facts about how a process stops, on every transport; and that two never share a file."""

import pytest

from amphibus.errors import StoreInUse
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office
from amphibus.testing.conformance.stopping import *  # noqa: F403
from tests.conformance.transports import on_files


@on_files  # a server lets several instances share the work, as tests/topologies shows
async def test_a_second_process_on_the_same_data_is_refused(office: Office) -> None:
    async with office.open() as shop:
        with pytest.raises(StoreInUse, match="hosted already"):
            async with office.open():
                pass
        await shop.request(desk.Write(book="b", line=1))

    assert office.numbers("desk", "b") == [1]
