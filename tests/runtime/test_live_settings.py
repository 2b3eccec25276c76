"""Settings that change while a process runs: what may, what may not, and who sees it."""

import asyncio
import io
import json
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
import structlog
from dependency_injector import containers, providers
from pydantic import BaseModel, ConfigDict, SecretStr

from amphibus import Hot
from amphibus.config.described import described
from amphibus.config.leaves import leaves
from amphibus.config.live import LiveSettings
from amphibus.config.policies import usual_policy
from amphibus.config.proposal import value_of
from amphibus.config.settings import BusSettings, Settings
from amphibus.errors import ConfigError
from amphibus.host.containers import adjust_container, make_container
from amphibus.inbox.backoff import backoff
from amphibus.inbox.steering.turns import Turns
from amphibus.module import Module
from amphibus.telemetry import logs
from amphibus.telemetry.log_levels import levels

TESTED = {
    "log_level": "runtime/test_live_settings",
    "log_levels.NAME": "runtime/test_live_settings",
    "gateway.body_limit_bytes": "fleet/test_configuring",
    "gateway.accept_within_seconds": "the section is read for each request",
    "gateway.request_timeout_seconds": "the section is read for each request",
    "gateway.page_limit": "the section is read for each request",
    "http.read_rate": "gateway/test_rates",
    "http.write_rate": "read by the same function as http.read_rate",
    "http.wait_rate": "read by the same function as http.read_rate",
    "http.waiting_messages": "the section is read for each command",
    "bus.window": "conformance/test_live_settings",
    "bus.batch": "conformance/test_live_settings",
    "bus.commit_delay_seconds": "handed on with bus.batch",
    "bus.query_timeout_seconds": "conformance/test_live_settings",
    "bus.query_concurrency": "conformance/test_live_settings",
    "bus.quick_retries": "conformance/test_live_settings",
    "bus.max_attempts": "conformance/test_live_settings",
    "bus.retry_first_seconds": "runtime/test_live_settings",
    "bus.retry_factor": "runtime/test_live_settings",
    "bus.retry_limit_seconds": "runtime/test_live_settings",
    "bus.retry_jitter": "runtime/test_live_settings",
    "bus.outside_concurrency": "conformance/test_live_settings",
    "rabbitmq.prefetch": "conformance/test_live_settings",
    "retention.retain_days": "conformance/test_live_settings",
    "retention.dead_letter_days": "the section is read for each search",
}
"""Each setting that is declared hot, and what shows that it takes effect."""


class TillSettings(BaseModel):
    """Those of a module."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    open: Annotated[bool, Hot()] = True
    """It takes money."""
    drawers: int = 2
    """It has so many."""
    pin: Annotated[SecretStr | None, Hot()] = None
    """It opens the drawers."""


@pytest.fixture
def live() -> LiveSettings:
    return LiveSettings(Settings(), {"till": TillSettings})


def test_policies_in_the_table_of_a_module_are_no_settings_of_its_own() -> None:
    policies = {"till.Pay.v1": {"at_most": 2}}
    settings = Settings(modules={"till": {"open": True, "policies": policies}})
    live = LiveSettings(settings, {"till": TillSettings})

    class Till(containers.DeclarativeContainer):
        settings = TillSettings
        config = providers.Configuration()

    module = Module(name="till", container=Till)
    container = make_container(module, settings)
    live.take({"modules.till.open": False})
    adjust_container(module, container, live.settings)

    assert live.settings.modules["till"] == {"open": False, "policies": policies}
    assert container is not None
    assert container.config.open() is False


def test_every_hot_setting_is_known_to_take_effect() -> None:
    """Whoever marks another one says here where that is tested."""
    hot = {key for key, leaf in leaves(Settings) if leaf.hot is not None}

    assert hot == set(TESTED)


def test_whoever_holds_a_section_sees_the_change_and_nobody_else(live: LiveSettings) -> None:
    given = Settings()
    other, held = LiveSettings(given), live.settings.bus
    told: list[frozenset[str]] = []
    live.on_change.append(told.append)
    changed = live.take({"bus.window": 9, "modules.till.open": False, "modules.elsewhere.x": 1})
    seen = held.window, live.settings.origin("bus.window"), live.settings.modules["till"]["open"]
    live.take({})

    assert seen == (9, "live", False)
    assert (held.window, live.settings.origin("bus.window")) == (256, "default")
    assert (given.bus.window, other.settings.bus.window) == (256, 256)
    assert told[0] == changed
    assert {"bus.window", "modules.till.open"} <= changed


def test_a_part_that_fails_keeps_no_other_from_hearing_of_a_change(live: LiveSettings) -> None:
    """It is told again until it has heard of all that it missed, and the others are not."""
    failures, heard = [KeyError("a validator"), SystemExit(1)], set[str]()
    others: list[frozenset[str]] = []

    def listen(changed: frozenset[str]) -> None:
        if failures:
            raise failures.pop(0)
        heard.update(changed)

    live.on_change += [listen, others.append]
    with pytest.raises(KeyError):
        live.take({"bus.window": 9})
    with pytest.raises(SystemExit):
        live.take({"bus.window": 9, "bus.batch": 3})
    live.take({"bus.window": 9, "bus.batch": 3})

    assert others == [{"bus.window"}, {"bus.batch"}]
    assert heard == {"bus.window", "bus.batch"}


@pytest.mark.parametrize(
    ("values", "what", "why"),
    [
        ({"bus.windw": 1}, "unknown setting bus.windw", "did you mean bus.window?"),
        ({"modules.till.opn": True}, "unknown setting", "did you mean modules.till.open?"),
        ({"bus.window": 0}, "bus.window = 0", "greater than or equal to 1"),
        ({"bus.window": "many"}, "bus.window = 'many'", "valid integer"),
        ({"log_level": "inf"}, "log_level = 'inf'", "did you mean info?"),
        ({"port": 1}, "port cannot change", "read at the start"),
        ({"modules.till.drawers": 3}, "modules.till.drawers cannot change", "read at the start"),
        ({"db_url": "postgresql://a:b@c/d"}, "db_url is a secret", "kept nowhere else"),
        ({"modules.till.pin": "4711"}, "modules.till.pin is a secret", "kept nowhere else"),
        ({"retention.retain_days": 99.0}, "[retention] does not fit", "shorter than"),
    ],
)
def test_what_is_wrong_changes_nothing(
    live: LiveSettings, values: dict[str, Any], what: str, why: str
) -> None:
    (problem,) = live.problems({"bus.batch": 3} | values)
    with pytest.raises(ConfigError):
        live.take({"bus.batch": 3} | values)

    assert what in problem.what
    assert why in problem.why
    assert "4711" not in str(problem)
    assert live.settings.bus.batch == 64
    assert live.values == {}


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("bus.window", "64", 64),
        ("bus.retry_factor", "1.5", 1.5),
        ("bus.window", "true", "true"),
        ("modules.till.open", "false", False),
        ("modules.till.open", "0", False),
        ("log_levels.till", "debug", "debug"),
        ("bus.window", "1e9999", "1e9999"),
    ],
)
def test_what_is_typed_gets_the_type_of_its_setting(
    live: LiveSettings, key: str, text: str, value: Any
) -> None:
    found = value_of(key, text, live.known)

    assert (found, type(found)) == (value, type(value))


def test_a_setting_is_described_by_its_declaration(live: LiveSettings) -> None:
    window = described("bus.window", live.known["bus.window"])
    wait = described("bus.retry_first_seconds", live.known["bus.retry_first_seconds"])
    pin = described("modules.till.pin", live.known["modules.till.pin"])

    assert window.meaning.startswith("Most messages under way")
    assert window[1:] == ("whole number", "at least 1", "messages", 256, True)
    assert wait[1:] == ("number", "more than 0, at most 86,400", "seconds", 1.0, True)
    assert (pin.type, pin.hot) == ("secret text", False)


def test_the_wait_before_a_retry_follows(live: LiveSettings) -> None:
    bus: BusSettings = live.settings.bus
    fixed = {"bus.retry_jitter": 0.0, "bus.retry_first_seconds": 3.0}
    live.take(fixed)
    first = backoff(usual_policy(bus), 0), backoff(usual_policy(bus), 2)
    live.take(fixed | {"bus.retry_factor": 10.0, "bus.retry_limit_seconds": 100.0})

    assert first == (3_000_000, 12_000_000)
    policy = usual_policy(bus)
    assert (backoff(policy, 1), backoff(policy, 2)) == (30_000_000, 100_000_000)


async def _most_at_once(turns: Turns, rounds: int) -> int:
    now = most = 0

    async def work() -> None:
        nonlocal now, most
        async with turns:
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            now -= 1

    await asyncio.gather(*(work() for _ in range(rounds)))
    return most


@pytest.mark.asyncio
async def test_turns_become_fewer_while_some_are_taken_and_more_again() -> None:
    turns, gate = Turns(4), asyncio.Event()

    async def hold() -> None:
        async with turns:
            await gate.wait()

    holding = [asyncio.ensure_future(hold()) for _ in range(3)]
    await asyncio.sleep(0)
    turns.resize(1)
    waiting = asyncio.ensure_future(_most_at_once(turns, 5))
    cancelled = asyncio.ensure_future(turns.acquire())
    await asyncio.sleep(0)
    cancelled.cancel()
    gate.set()

    assert await waiting == 1
    await asyncio.gather(*holding)
    turns.resize(3)
    assert await _most_at_once(turns, 9) == 3
    turns.resize(1)
    assert await _most_at_once(turns, 5) == 1
    turns.resize(2)
    assert await _most_at_once(turns, 5) == 2


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """Lines as they are written; what other tests have set up comes back afterwards."""
    before = structlog.get_config()
    stream = io.StringIO()
    logs.set_up("json", "info", stream)
    yield stream
    structlog.configure(**before)
    levels.change("info", {})


def test_levels_of_modules_change_for_loggers_that_are_in_use(out: io.StringIO) -> None:
    log: Any = structlog.get_logger()
    said = log.bind()

    def say(round_: int) -> None:
        for level in ("debug", "info", "warning"):
            for module in ("till", "shelf"):
                for each in (log, said):
                    getattr(each, level)(f"{round_}.{level}", module=module)

    say(0)
    levels.change("info", {"till": "debug", "shelf": "warning"})
    say(1)
    levels.change("warning", {})
    say(2)

    written = [json.loads(line) for line in out.getvalue().splitlines()]
    assert {(each["event"], each["module"]) for each in written} == {
        ("0.info", "till"),
        ("0.info", "shelf"),
        ("0.warning", "till"),
        ("0.warning", "shelf"),
        ("1.debug", "till"),
        ("1.info", "till"),
        ("1.warning", "till"),
        ("1.warning", "shelf"),
        ("2.warning", "till"),
        ("2.warning", "shelf"),
    }
    assert all(each["module"] != "shelf" for each in written if each["event"] == "1.info")
