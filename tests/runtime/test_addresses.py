"""Addresses of brokers, in the ways in which people write them."""

import pytest

from amphibus.errors import ConfigError
from amphibus.transports.rabbitmq.address import addresses


@pytest.mark.parametrize(
    ("written", "places"),
    [
        ("amqp://u:p@one,two:5673/shop", [("one", 5672), ("two", 5673)]),
        ("amqp://u:p@one:5673,two,three/shop", [("one", 5673), ("two", 5673), ("three", 5673)]),
        ("amqp://u:p@one/shop,amqp://u:p@two:5673/shop", [("one", 5672), ("two", 5673)]),
        ("amqp://u:p@[::1],[fe80::2]:5673/shop", [("::1", 5672), ("fe80::2", 5673)]),
        ("amqps://u:p@one,two/shop", [("one", 5671), ("two", 5671)]),
    ],
)
def test_the_vhost_may_stand_at_the_end_as_most_clients_write_it(
    written: str, places: list[tuple[str, int]]
) -> None:
    urls = addresses(written, heartbeat=10)

    assert [(url.host, url.port) for url in urls] == places
    assert {(url.user, url.password, url.path) for url in urls} == {("u", "p", "/shop")}
    assert {url.query["heartbeat"] for url in urls} == {"10"}


def test_a_password_may_hold_commas_and_what_urls_encode() -> None:
    (one, two) = addresses("amqp://u:a,b%40c@one,two/%2F", heartbeat=10)
    assert {one.password, two.password} == {"a,b@c"}
    assert {one.raw_path, two.raw_path} == {"/%2F"}


@pytest.mark.parametrize(
    "written", ["amqp://a/one,b/two", "amqp://a,,b", "amqp://::1", "amqp://a b/", "amqp://a:b:c/"]
)
def test_an_address_with_two_meanings_is_refused(written: str) -> None:
    with pytest.raises(ConfigError):
        addresses(written, heartbeat=10)
