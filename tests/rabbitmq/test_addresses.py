"""Where the broker is, as it is written in the settings."""

from pathlib import Path

import pytest

from amphibus.config.settings import RabbitSettings
from amphibus.errors import ConfigError
from amphibus.transports.rabbitmq.connection import Broker


@pytest.mark.parametrize("url", ["http://here/", "amqp://", "nonsense", "amqp://a/,b:port"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="address") as said:
        Broker(url, RabbitSettings())

    assert "amqp://guest:guest@localhost:5672/vhost" in said.value.fix


def test_later_addresses_take_what_they_do_not_say_from_the_first() -> None:
    urls = Broker("amqp://me:secret@one/shop,two:5673,three", RabbitSettings()).urls

    assert [(url.host, url.port) for url in urls] == [("one", 5672), ("two", 5673), ("three", 5672)]
    assert {(url.user, url.password, url.path) for url in urls} == {("me", "secret", "/shop")}


def test_a_tls_file_that_is_missing_is_named() -> None:
    with pytest.raises(ConfigError, match="TLS file") as said:
        Broker("amqps://here/", RabbitSettings(tls_ca_file=Path("/nowhere/ca.pem")))

    assert "/nowhere/ca.pem" in said.value.why
