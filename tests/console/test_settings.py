"""Settings: layers, origins, what is refused and how."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, ValidationError

from amphibus.config.layers import flat, read_layers
from amphibus.config.masking import shown
from amphibus.config.module_settings import problems_of_module
from amphibus.config.settings import Settings, load_settings
from amphibus.errors import ConfigError

LAYERS = ("config/amphibus.toml", "config/monolith.toml", "AMPHIBUS_BUS__WINDOW", "--bus-window")


def project(root: Path, files: Mapping[str, str]) -> Path:
    (root / "config").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (root / "config" / name).write_text(text, encoding="utf-8")
    return root


def load(root: Path, toml: str = "", **environ: str) -> Settings:
    return load_settings(project(root, {"amphibus.toml": toml}), environ=environ)


def refusal(root: Path, toml: str = "", **environ: str) -> ConfigError:
    with pytest.raises(ConfigError) as refused:
        load(root, toml, **environ)
    return refused.value


@given(chosen=st.dictionaries(st.sampled_from(LAYERS), st.integers(1, 10_000)))
def test_the_topmost_layer_wins_and_is_named_as_the_origin(
    tmp_path_factory: pytest.TempPathFactory, chosen: dict[str, int]
) -> None:
    names = {layer: f"[bus]\nwindow = {value}" for layer, value in chosen.items()}
    root = project(
        tmp_path_factory.mktemp("project"),
        {Path(layer).name: text for layer, text in names.items() if layer.endswith(".toml")},
    )
    environ = {layer: str(value) for layer, value in chosen.items() if layer.startswith("AMPHIBUS")}
    flags = {"bus.window": chosen.get("--bus-window")}

    settings = load_settings(root, flags=flags, environ=environ)

    top = max(chosen, key=LAYERS.index, default="default")
    assert settings.origin("bus.window") == top
    assert settings.bus.window == chosen.get(top, Settings().bus.window)


@given(text=st.text(alphabet="abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=20))
def test_every_unknown_key_is_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    known = set(Settings.model_fields)
    if text in known:
        return
    error = refusal(tmp_path_factory.mktemp("project"), f"{text} = 1")

    assert error.what == f"config/amphibus.toml: unknown setting {text}"


def test_an_unknown_key_names_the_nearest_known_one(tmp_path: Path) -> None:
    error = refusal(tmp_path, "[bus]\nwindwo = 3")

    assert error.what == "config/amphibus.toml: unknown setting bus.windwo"
    assert error.why.startswith("known here: bus.window, bus.batch, ")
    assert error.why.endswith("; did you mean bus.window?")
    assert error.fix == "${EDITOR:-vi} config/amphibus.toml"


def test_the_number_of_partitions_is_refused_where_it_stood_once(tmp_path: Path) -> None:
    """It decides the storage of every database, so it is a setting of the bus and no broker's."""
    error = refusal(tmp_path, "[rabbitmq]\npartitions = 4")

    assert error.what == "config/amphibus.toml: unknown setting rabbitmq.partitions"
    assert error.why.endswith("; it is called bus.partitions now")
    assert error.fix == "amphibus upgrade"


def test_an_unknown_variable_names_the_nearest_known_one(tmp_path: Path) -> None:
    error = refusal(tmp_path, AMPHIBUS_PROT="1")

    assert error.why.endswith("; did you mean AMPHIBUS_PORT?")
    assert error.fix == "export AMPHIBUS_PORT=1; unset AMPHIBUS_PROT"


@pytest.mark.parametrize(
    ("toml", "reason"),
    [
        ("port = 70000", "input should be less than or equal to 65535"),
        ("port = true", "input should be a valid integer"),
        ("port = '8000'", "input should be a valid integer"),
        ("drain_seconds = 0", "input should be greater than 0"),
        ("drain_seconds = nan", "input should be less than or equal to 86400"),
        ("log_format = 'xml'", "input should be 'auto', 'text' or 'json'"),
        (
            "app = 'My Shop'",
            "must begin with a small letter, and go on with up to 30 of a-z, 0-9 and -",
        ),
    ],
)
def test_a_wrong_value_says_where_it_stands_and_what_is_allowed(
    tmp_path: Path, toml: str, reason: str
) -> None:
    error = refusal(tmp_path, toml)

    assert error.what.startswith(f"config/amphibus.toml: {toml.split(maxsplit=1)[0]} = ")
    assert error.why == reason


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    error = refusal(tmp_path, "port = -1\nprot = 1", AMPHIBUS_LOG_LEVEL="loud")

    assert error.what == "3 settings cannot be used"
    assert all(name in error.why for name in ("port = -1", "prot", "AMPHIBUS_LOG_LEVEL"))


def test_ids_are_never_forgotten_before_what_could_be_replayed(tmp_path: Path) -> None:
    """Otherwise a replayed event would be done a second time."""
    error = refusal(tmp_path, "[retention]\ninbox_retention_days = 3")

    assert error.what == "config/amphibus.toml: [retention] does not fit together"


def test_a_key_of_a_producer_that_nobody_knows_is_answered_like_any_other(tmp_path: Path) -> None:
    error = refusal(tmp_path, "[producers.loader]\nsend = ['orders.PlaceOrder.v1']\n")

    assert error.what == "config/amphibus.toml: unknown setting producers.loader.send"
    assert error.why == (
        "known here: producers.loader.sends, producers.loader.subscribes, producers.loader.purposes"
        "; did you mean producers.loader.sends?"
    )


def test_a_value_of_a_producer_is_checked_like_any_other(tmp_path: Path) -> None:
    error = refusal(tmp_path, "[producers.loader]\nsends = 'orders.PlaceOrder.v1'\n")

    assert error.what.startswith("config/amphibus.toml: producers.loader.sends = ")


def test_a_key_of_a_module_that_its_model_does_not_know_is_answered_like_any_other() -> None:
    class Oven(BaseModel):
        model_config = ConfigDict(extra="forbid")

        degrees: int = 180

    given = {"degress": 200, "degrees": "hot"}
    value, key = problems_of_module("bakery", Oven, given, lambda _key: "config/amphibus.toml")

    assert key == (
        "config/amphibus.toml: unknown setting modules.bakery.degress",
        "known here: modules.bakery.degrees; did you mean modules.bakery.degrees?",
        "${EDITOR:-vi} config/amphibus.toml",
    )
    assert value.what == "config/amphibus.toml: the value of modules.bakery.degrees is not allowed"


def test_a_file_that_is_not_toml_is_named_with_the_place(tmp_path: Path) -> None:
    error = refusal(tmp_path, "app = shop")

    assert error.what == "config/amphibus.toml is not TOML"
    assert "line 1" in error.why


def test_texts_of_the_environment_become_what_the_setting_is(tmp_path: Path) -> None:
    settings = load(tmp_path, AMPHIBUS_PORT="0", AMPHIBUS_BUS__RETRY_JITTER="0.5")

    assert (settings.port, settings.bus.retry_jitter) == (0, 0.5)


def test_a_path_in_a_file_is_meant_from_the_project_and_a_flag_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project(tmp_path / "project", {"amphibus.toml": "data_dir = 'store'"})
    monkeypatch.chdir(tmp_path)

    assert load_settings(root, environ={}).data_dir == root / "store"
    assert load_settings(root, flags={"data_dir": Path("x")}, environ={}).data_dir == tmp_path / "x"
    assert load(tmp_path / "other").data_dir == tmp_path / "other" / "var"


def test_whatever_is_a_path_is_read_as_one(tmp_path: Path) -> None:
    """TOML has no paths, only texts; every other type must be the one that TOML has."""

    class Tls(BaseModel):
        ca_file: Path | None = None

    class All(BaseModel):
        data_dir: Path = Path("var")
        tls: Tls = Tls()

    root = project(tmp_path, {"amphibus.toml": "[tls]\nca_file = 'ca.pem'"})
    values, _ = read_layers(All, root, "monolith", {}, {})

    assert values["tls"] == {"ca_file": root / "ca.pem"}


def test_a_module_gets_its_own_settings_from_every_layer(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "[modules.payments]\ntimeout = 3\nurl = 'here'",
        AMPHIBUS_MODULES__PAYMENTS__URL="there",
    )

    assert settings.modules == {"payments": {"timeout": 3, "url": "there"}}
    assert settings.origin("modules.payments.url") == "AMPHIBUS_MODULES__PAYMENTS__URL"


@pytest.mark.parametrize(
    ("key", "value", "printed"),
    [
        ("modules.payments.api_key", "k-123", "***"),
        ("modules.mail.smtp_password", "hunter2", "***"),
        ("modules.mail.url", "smtp://ada:hunter2@mail:25", "smtp://ada:***@mail:25"),
        ("modules.mail.sender", "shop@example.com", "shop@example.com"),
        ("modules.mail.SmtpPassword", "hunter2", "***"),
        ("modules.mail.smtp-passwd", "hunter2", "***"),
        ("modules.payments.secrets.live", "hunter2", "***"),
        ("modules.payments.stripe_key", "hunter2", "***"),
        ("modules.mail.ways", [{"host": "a", "password": "b"}], [{"host": "a", "password": "***"}]),
        ("modules.mail.urls", ["smtp://ada:hunter2@mail"], ["smtp://ada:***@mail"]),
        ("bus.window", 3, 3),
    ],
)
def test_secrets_are_never_shown(key: str, value: Any, printed: Any) -> None:
    assert shown(key, value) == printed


def test_a_wrong_secret_is_not_repeated_in_the_error(tmp_path: Path) -> None:
    error = refusal(tmp_path, "db_url = 17", AMPHIBUS_AMQP_URL="amqp://a:hunter2@b/")

    assert "hunter2" not in error.what + error.why
    assert "17" not in error.what


def test_settings_never_change(tmp_path: Path) -> None:
    settings = load(tmp_path)

    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 1  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        settings.bus.window = 1  # type: ignore[misc]


def test_every_setting_says_what_it_is() -> None:
    def undescribed(model: type[BaseModel]) -> list[str]:
        found = [name for name, info in model.model_fields.items() if not info.description]
        for info in model.model_fields.values():
            kinds = get_args(info.annotation) or (info.annotation,)
            for kind in kinds:
                if isinstance(kind, type) and issubclass(kind, BaseModel):
                    found += undescribed(kind)
        return found

    assert undescribed(Settings) == []


def test_what_is_shown_is_every_setting(tmp_path: Path) -> None:
    assert dict(flat(load(tmp_path)))["retention.retain_days"] == 7.0


def test_a_secret_is_read_from_the_file_that_a_variable_names(tmp_path: Path) -> None:
    """An orchestrator mounts secrets as files; a variable would be seen by whoever lists processes."""
    secret = tmp_path / "secret"
    secret.write_text("amqp://u:hidden@h/\n")

    settings = load(
        tmp_path,
        AMPHIBUS_AMQP_URL_FILE=str(secret),
        AMPHIBUS_MODULES__MAIL__SMTP_PASSWORD_FILE=str(secret),
    )

    assert settings.amqp_url is not None
    assert settings.amqp_url.get_secret_value() == "amqp://u:hidden@h/"
    assert settings.modules["mail"] == {"smtp_password": "amqp://u:hidden@h/"}


def test_a_setting_that_is_no_secret_has_no_file(tmp_path: Path) -> None:
    error = refusal(tmp_path, AMPHIBUS_PORT_FILE="/run/port")

    assert "unknown setting port_file" in error.what


def test_a_secret_in_two_ways_or_a_missing_file_is_refused(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")

    both = refusal(tmp_path, AMPHIBUS_DB_URL_FILE=missing, AMPHIBUS_DB_URL="postgresql://h/d")
    assert both.what == "AMPHIBUS_DB_URL and AMPHIBUS_DB_URL_FILE are both set"
    gone = refusal(tmp_path, AMPHIBUS_DB_URL_FILE=missing)
    assert gone.what == f"AMPHIBUS_DB_URL_FILE: {missing} cannot be read"
