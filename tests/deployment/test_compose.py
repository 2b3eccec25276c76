"""`compose.yaml` runs every module with its own code, its own rights and its own secrets."""

import json
import re
import stat
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from jsonschema.validators import validator_for  # type: ignore[import-untyped]

from amphibus.cli.compose.passwords import make_missing
from amphibus.routing.project import Project
from tests.architecture.tree import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
MODULES = tuple(Project.find(ROOT).modules)
PUBLISHED = files("check_jsonschema.builtin_schemas.vendor") / "compose-spec.json"


def test_it_is_what_the_compose_specification_says() -> None:
    """A word that is written wrong would be an error only where an engine runs."""
    schema = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    validator = validator_for(schema)(schema)
    misspelt = COMPOSE | {"services": {"gateway": SERVICES["gateway"] | {"healthchek": {}}}}

    assert [each.message for each in validator.iter_errors(COMPOSE)] == []
    assert not validator.is_valid(misspelt)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_a_service_of_its_own_image_that_sees_its_own_secrets_alone(
    module: str,
) -> None:
    service = SERVICES[module]
    secrets = [each for each in service["volumes"] if each["source"] == "secrets"]

    assert service["build"]["args"] == {"MODULE": module}
    assert [each["volume"]["subpath"] for each in secrets] == [module]
    assert all(each["read_only"] for each in secrets)
    assert [each["source"] for each in service["volumes"] if each not in secrets] == [module]
    assert service["environment"]["AMPHIBUS_RABBITMQ__VERIFY_SENDERS"] == "true"
    assert not any("PASSWORD" in str(value) for value in service["environment"].values())


@pytest.mark.parametrize("module", MODULES)
def test_a_module_starts_when_what_it_needs_is_there_and_says_when_it_is_ready(module: str) -> None:
    waits = {name: how["condition"] for name, how in SERVICES[module]["depends_on"].items()}

    assert waits == {
        "setup": "service_completed_successfully",
        "rabbitmq": "service_healthy",
        "postgres": "service_healthy",
    }
    assert "test" not in SERVICES[module]["healthcheck"]  # the image has one
    assert {"healthcheck"} <= SERVICES["rabbitmq"].keys() & SERVICES["postgres"].keys()


def test_nothing_runs_that_is_no_module_but_what_they_need() -> None:
    assert set(SERVICES) == {*MODULES, "rabbitmq", "postgres", "setup"}
    assert SERVICES["rabbitmq"]["image"] == "rabbitmq:4-management"


def test_no_password_is_known_to_everybody(tmp_path: Path) -> None:
    """Without passwords docker compose refuses, and says what makes them; they are made once."""
    text = (ROOT / "compose.yaml").read_text()
    (tmp_path / "compose.yaml").write_text(text)
    (tmp_path / ".env").write_text("MINE=1\nPOSTGRES_PASSWORD=given\n")
    made = make_missing(tmp_path)
    first = (tmp_path / ".env").read_text()

    assert set(re.findall(r"\$\{\w+_PASSWORD[^}]*\}", text)) == {
        f"${{{each}_PASSWORD:?is not set, type ./run export secrets}}"
        for each in ("RABBITMQ", "POSTGRES")
    }
    assert made == ["RABBITMQ_PASSWORD"]
    assert re.fullmatch(r"MINE=1\nPOSTGRES_PASSWORD=given\nRABBITMQ_PASSWORD=[\w-]{43}\n", first)
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert make_missing(tmp_path) == []
    assert (tmp_path / ".env").read_text() == first


def test_every_volume_that_is_used_is_declared() -> None:
    used = {
        each["source"] if isinstance(each, dict) else each.split(":")[0]
        for service in SERVICES.values()
        for each in service["volumes"]
    }

    assert used == set(COMPOSE["volumes"])


def test_nothing_is_reached_from_other_machines() -> None:
    """The gateway asks nobody who comes in, as long as no issuer is named."""
    open_to_all = {
        name
        for name, service in SERVICES.items()
        for port in service.get("ports", ())
        if not port.startswith("127.0.0.1:")
    }

    assert open_to_all == set()
    assert SERVICES["gateway"]["environment"]["AMPHIBUS_ACCESS__OPEN"] == "true"
