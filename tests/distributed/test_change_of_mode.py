"""What ran as separate processes goes on as one, and the other way round."""

import httpx
import pytest

from tests.console.stores import SALE
from tests.distributed.commands import free_ports, running, until
from tests.distributed.conftest import Kiosk
from tests.distributed.test_supervisor import heard


@pytest.mark.full
def test_a_monolith_handles_first_what_waits_at_the_broker(kiosk: Kiosk, broker: str) -> None:
    """Even for a module that never ran over it: the till's first message came before the till."""
    port = free_ports(3)
    options = ("--mode=distributed", "--port", str(port), "--amqp", broker)
    with running(kiosk.root, *options, "--module=shelf", environ=kiosk.environ) as shelf:
        shelf.until_said("  Modules  shelf")
        with running(kiosk.root, *options, "--module=gateway", environ=kiosk.environ) as gateway:
            gateway.until_said("  Try  ")
            body = {"sale_id": SALE, "item": "cup"}
            httpx.post(f"{gateway.named('API')}/v1/sales", json=body, timeout=100)
            until(lambda: SALE in heard(kiosk, "shelf"), "the shelf sold it")

    refused = running(kiosk.root, "--port", str(port), environ=kiosk.environ)
    with refused as monolith:
        assert monolith.end() == 2
        assert "may wait at a broker" in monolith.err
    named = running(kiosk.root, "--port", str(port), "--amqp", broker, environ=kiosk.environ)
    with named as monolith:
        monolith.until_said("  Try  ")
        until(lambda: SALE in heard(kiosk, "till"), "the till rang")
