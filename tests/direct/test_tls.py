"""Direct connections between machines are encrypted, where that is set."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from amphibus.config.settings import DirectSettings
from amphibus.errors import ConfigError
from tests.direct.conftest import Street, query
from tests.services.certificates import certificates

pytestmark = pytest.mark.asyncio


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Any]:
    folder = certificates(tmp_path / "certificates")
    return {
        "advertise": "localhost",
        "tls_ca_file": folder / "ca.pem",
        "tls_certificate_file": folder / "server.pem",
        "tls_key_file": folder / "server.key",
    }


async def test_requests_go_over_tls(street: Street, files: dict[str, Any]) -> None:
    await street.process("desk", direct=files)
    gateway = await street.process("gateway", direct=files)

    assert (await gateway.ask(query())).outcome == "answered"
    assert gateway.ways == ["direct"]


@pytest.mark.parametrize("secured", ["desk", "gateway"])
async def test_who_speaks_plainly_is_not_asked_and_not_answered(
    street: Street, files: dict[str, Any], secured: str
) -> None:
    settings = {"desk": {}, "gateway": {}, secured: files}
    desk = await street.process("desk", direct=settings["desk"])
    gateway = await street.process("gateway", net=True, direct=settings["gateway"])

    assert (await gateway.ask(query())).outcome == "answered"
    assert (desk.desk.asked, gateway.ways) == ([], ["broker"])


async def test_the_name_in_the_certificate_is_that_of_the_address(
    street: Street, files: dict[str, Any]
) -> None:
    await street.process("desk", direct=files | {"advertise": "127.0.0.1"})
    gateway = await street.process("gateway", net=True, direct=files)
    await gateway.ask(query())

    assert gateway.ways == ["broker"]


async def test_a_file_that_cannot_be_used_stops_the_start(
    street: Street, files: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="TLS file"):
        await street.process("desk", direct=files | {"tls_key_file": tmp_path / "nowhere"})
    with pytest.raises(ValidationError, match="tls_certificate_file"):
        DirectSettings(tls_ca_file=tmp_path / "ca.pem")
