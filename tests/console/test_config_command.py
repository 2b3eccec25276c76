"""`amphibus config show`, and wrong settings as every command tells them."""

from tests.console.conftest import Console


def test_every_value_is_shown_with_its_origin(console: Console) -> None:
    shown = console("config", "show", "--json", AMPHIBUS_PORT="8123").json

    assert shown["app"] == {"value": "kiosk", "origin": "config/amphibus.toml"}
    assert shown["port"] == {"value": 8123, "origin": "AMPHIBUS_PORT"}
    assert shown["bus.window"]["origin"] == "default"


def test_secrets_are_masked(console: Console) -> None:
    url = "amqp://ada:hunter2@broker/"

    ended = console("config", "show", AMPHIBUS_AMQP_URL=url, AMPHIBUS_MODULES__TILL__API_KEY="k-1")

    assert "hunter2" not in ended.out
    assert "k-1" not in ended.out
    assert "amqp://ada:***@broker/" in ended.out


def test_what_a_module_declares_a_secret_is_masked_whatever_its_name(console: Console) -> None:
    page = console.root / "modules" / "till" / "module.py"
    named = page.read_text().replace('name="till",', 'name="till", container=TillContainer,')
    page.write_text(
        "from dependency_injector import containers, providers\n"
        "from pydantic import BaseModel, SecretStr\n\n\n"
        "class Settings(BaseModel):\n"
        "    pin: SecretStr | None = None\n\n\n"
        "class TillContainer(containers.DeclarativeContainer):\n"
        "    settings = Settings\n"
        "    config = providers.Configuration()\n\n\n" + named
    )

    ended = console("config", "show", AMPHIBUS_MODULES__TILL__PIN="4711")

    assert ended.code == 0
    assert "modules.till.pin" in ended.out
    assert "4711" not in ended.out


def test_a_wrong_setting_ends_every_command_with_three_lines(console: Console) -> None:
    ended = console("logs", AMPHIBUS_PORT="many")

    assert ended.code == 2
    assert ended.err.splitlines() == [
        "error  AMPHIBUS_PORT: port = 'many' is not allowed",
        "  why  input should be a valid integer, unable to parse string as an integer",
        "  fix  unset AMPHIBUS_PORT",
    ]
