"""What to type where a setting is wrong can be typed as it stands, and prints no secret."""

import os
import subprocess
from pathlib import Path

import pytest

from amphibus.config.settings import load_settings
from amphibus.errors import ConfigError


def refusal(root: Path, **environ: str) -> ConfigError:
    with pytest.raises(ConfigError) as refused:
        load_settings(root, environ=environ)
    return refused.value


def test_a_shell_takes_what_is_to_be_typed_for_a_variable(tmp_path: Path) -> None:
    given = {"AMPHIBUS_DRAIN_SECOND": "5; exit 3"}
    fix = refusal(tmp_path, **given).fix
    script = f"{fix}; printenv AMPHIBUS_DRAIN_SECONDS; printenv AMPHIBUS_DRAIN_SECOND"
    ended = subprocess.run(
        ["sh", "-c", script],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.stdout, ended.stderr) == ("5; exit 3\n", "")


@pytest.mark.parametrize("variable", ["AMPHIBUS_AMQP_ULR", "AMPHIBUS_RABBITMQ__PASSWORD"])
def test_a_secret_in_a_misspelt_variable_is_not_printed(tmp_path: Path, variable: str) -> None:
    error = refusal(tmp_path, **{variable: "amqp://me:hidden@host/"})

    assert "hidden" not in str(error)


def test_a_variable_that_is_like_none_is_unset(tmp_path: Path) -> None:
    assert refusal(tmp_path, AMPHIBUS_XYZZY="1").fix == "unset AMPHIBUS_XYZZY"
