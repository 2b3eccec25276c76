"""One module of a fleet over a broker is restarted with other code, while sales go on."""

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.distributed.commands import answer, free_ports, running, until
from tests.distributed.conftest import Kiosk, Supervised
from tests.fleet.commands import answers, said

pytestmark = pytest.mark.full
_FIELD = "    sale_id: UUID\n    item: str\n"


@pytest.fixture
def fleet(kiosk: Kiosk) -> Iterator[Supervised]:
    """Its processes, each with its own, up."""
    port = free_ports(3)
    options = ("--mode=distributed", "--all", "--amqp", kiosk.amqp_url, "--port", str(port))
    with running(kiosk.root, *options, environ=kiosk.environ) as command:
        command.until_said("  Try  ")
        yield Supervised(kiosk, command, port)
        assert command.stop() == 0


def sold(fleet: Supervised) -> None:
    code = httpx.post(f"{fleet.url}/v1/sales", json={"item": "cup"}, timeout=100).status_code
    assert code == 202


def handled(fleet: Supervised, module: str) -> int:
    """How many it has handled; one that is about to end may not answer, and its database is read."""
    words = ["db", "status", "--json"]
    ((code, out, err),) = said(fleet.kiosk.root, fleet.kiosk.environ, words)
    assert code == 0, err
    return int(next(each["handled"] for each in json.loads(out) if each["module"] == module))


def with_field(fleet: Supervised, field: str) -> None:
    """Writes the contract of what was sold anew, with one field more."""
    path = fleet.kiosk.root / "contracts" / "shelf" / "v1.py"
    text = path.read_text()
    begin = text.index("class Sold(")
    end = text.index("class Shelf(")
    event = (
        f'class Sold(Event, key="sale_id"):\n    """Something was sold."""\n\n{_FIELD}{field}\n\n'
    )
    path.write_text(text[:begin] + event + text[end:])


def restarted(fleet: Supervised, module: str, within: int = 100) -> tuple[int, str]:
    words = ["restart", module, "--within", str(within)]
    ((code, out, err),) = said(fleet.kiosk.root, fleet.kiosk.environ, words)
    return code, out + err


def test_one_that_does_not_fit_stays_out_until_it_is_mended_and_sales_go_on(
    fleet: Supervised,
) -> None:
    with_field(fleet, "    price: int\n")
    code, told = restarted(fleet, "till", within=1)
    sold(fleet)
    until(lambda: handled(fleet, "shelf") == 1, "the shelf works on")
    (there,) = answers(fleet.kiosk.root, fleet.kiosk.environ, "ps")
    meanwhile = handled(fleet, "till")
    waits = answer(f"http://127.0.0.1:{fleet.port + 2}/readyz")
    with_field(fleet, "")
    until(lambda: handled(fleet, "till") == 1, "it is mended, and handles what waited")

    assert code == 5
    assert "shelf.Sold.v1" in told
    assert waits[0] == 503
    assert "price" in waits[1]["reasons"]["handshake"]
    assert {each["state"] for each in there if each["modules"] == ["till"]} == {"not ready"}
    assert meanwhile == 0


def test_a_restart_gives_a_module_new_code_and_loses_no_sale(fleet: Supervised) -> None:
    before = fleet.pid("shelf")
    sold(fleet)
    with_field(fleet, '    note: str = ""\n')
    code, told = restarted(fleet, "shelf")
    after = fleet.pid("shelf")
    sold(fleet)
    until(lambda: handled(fleet, "till") == 2, "both are handled")
    ((alone, why, fix),) = said(fleet.kiosk.root, fleet.kiosk.environ, ["restart", "tiil"])

    assert (code, before != after) == (0, True)
    assert f"shelf  process {before} made way for {after}" in told
    assert alone == 2, why
    assert "restart till" in fix


def test_what_no_supervisor_runs_is_not_restarted(kiosk: Kiosk) -> None:
    ((code, _, why),) = said(kiosk.root, kiosk.environ, ["restart", "till"])

    assert code == 4
    assert "no supervisor runs with this data folder" in why
