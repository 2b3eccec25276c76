"""What must be right before anything can work, and what is said when it is not."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from amphibus.errors import ConfigError
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until
from amphibus.transports.rabbitmq.names import Names
from tests.services.certificates import certificates
from tests.services.rabbitmq import RabbitNode, scripts

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize("account", ["guest:wrong", "nobody:guest"])
async def test_wrong_credentials_stop_the_start_and_say_what_to_correct(
    office: Office, node: RabbitNode, account: str
) -> None:
    office.amqp_url = node.url.replace("guest:guest", account)
    with pytest.raises(ConfigError, match=f"does not let '{account.partition(':')[0]}' in") as said:
        async with office.open():
            pass

    assert "AMPHIBUS_AMQP_URL" in said.value.fix
    assert "wrong" not in f"{said.value.what} {said.value.why}".replace("is wrong", "")


@pytest.mark.full
async def test_credentials_that_become_wrong_are_told_and_tried_again(
    office: Office, node: RabbitNode
) -> None:
    for command in (
        ("add_user", "clerk", "right"),
        ("set_permissions", "clerk", ".*", ".*", ".*"),
    ):
        await asyncio.to_thread(node.ctl, *command)
    office.amqp_url = node.url.replace("guest:guest", "clerk:right")
    async with office.open() as shop:
        await asyncio.to_thread(node.ctl, "change_password", "clerk", "other")
        await asyncio.to_thread(node.ctl, "close_all_user_connections", "clerk", "test")
        await until(
            lambda: "does not let 'clerk' in" in shop.host.health.reasons().get("broker", "")
        )
        await shop.send(desk.Write(book="b", line=1))

        await asyncio.to_thread(node.ctl, "change_password", "clerk", "right")
        await until(lambda: office.numbers("readers", "b") == [1], patience=30)
        await until(lambda: shop.host.health.ready)


async def test_a_virtual_host_that_does_not_exist_stops_the_start(office: Office) -> None:
    office.amqp_url = f"{office.amqp_url}elsewhere"
    with pytest.raises(ConfigError, match="virtual host"):
        async with office.open():
            pass


async def test_a_queue_with_other_arguments_stops_the_start_and_is_named(
    office: Office, names: Names, channel: Any
) -> None:
    queue = names.partition_queue("desk", 1)
    async with channel() as stranger:
        await stranger.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})
    with pytest.raises(ConfigError, match="other arguments") as said:
        async with office.open():
            pass

    assert queue in said.value.why
    assert "delete" in said.value.fix


async def test_without_the_right_to_declare_it_waits_until_somebody_has(
    office: Office, names: Names, node: RabbitNode
) -> None:
    await asyncio.to_thread(_limited_user, node, names)
    administrator = office.amqp_url
    office.amqp_url = node.url.replace("guest:guest", "limited:secret")
    opening = office.open()
    start = asyncio.ensure_future(opening.__aenter__())
    await asyncio.wait([start], timeout=2)
    assert not start.done()

    other = Office("rabbitmq", office.data / "other", amqp_url=administrator)
    other.data.mkdir()
    async with other.open(settings={"env": names.env}):
        shop = await start
    await shop.send(desk.Write(book="b", line=1))
    await until(lambda: office.numbers("readers", "b") == [1])
    await opening.__aexit__(None, None, None)


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A node that talks TLS only and wants a certificate of its clients: its URL, and the folder of certificates."""
    folder = tmp_path / "certificates"
    certificates(folder)
    secured = RabbitNode(scripts(), certificates=folder)
    try:
        secured.start()
        yield f"amqps://guest:guest@localhost:{secured.tls_port}/", folder
    finally:
        secured.destroy()


@pytest.mark.full
async def test_messages_go_over_tls_with_a_certificate_of_ours(
    secured: tuple[str, Path], tmp_path: Path
) -> None:
    url, folder = secured
    office = Office("rabbitmq", tmp_path, amqp_url=url)
    files = {
        "rabbitmq.tls_ca_file": folder / "ca.pem",
        "rabbitmq.tls_certificate_file": folder / "client.pem",
        "rabbitmq.tls_key_file": folder / "client.key",
    }
    async with office.open(settings=files) as shop:
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()
    assert office.numbers("readers", "b") == [1]

    with pytest.raises(ConfigError, match="no secure connection"):
        async with office.open():
            pass


def _limited_user(node: RabbitNode, names: Names) -> None:
    """May use everything of this environment and declare only what is short-lived."""
    node.ctl("add_user", "limited", "secret")
    short = rf"^{names.prefix}[a-z]+\.(queries|replies\..*)$".replace(".", r"\.", 2)
    everything = rf"^{names.prefix}.*$"
    node.ctl("set_permissions", "limited", short, everything, everything)
