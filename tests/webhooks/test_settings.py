"""The settings of a webhook are checked before anything is posted, and its secrets are shown to nobody."""

from pathlib import Path

import pytest

from amphibus.config.layers import flat
from amphibus.config.masking import shown
from amphibus.config.settings import load_settings
from amphibus.config.webhooks import WebhookSettings
from amphibus.errors import ConfigError
from amphibus.routing.policies import Policies
from amphibus.webhooks.endpoint import Endpoint
from tests.webhooks.receiving import SECRET, project_in


def test_a_secret_comes_from_a_file_and_is_masked(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n")
    environ = {
        "AMPHIBUS_WEBHOOKS__ACME__URL": "https://acme.example/hook",
        "AMPHIBUS_WEBHOOKS__ACME__SECRET_FILE": str(tmp_path / "secret"),
    }
    settings = load_settings(tmp_path, environ=environ)

    secret = settings.webhooks["acme"].secret
    assert secret is not None
    assert secret.get_secret_value() == SECRET
    assert [shown(key, value) for key, value in flat(settings) if key.endswith("acme.secret")] == [
        "***"
    ]


def test_the_step_of_a_webhook_lasts_as_long_as_its_endpoint_may_take(tmp_path: Path) -> None:
    """Wherever that is said: a step that ends before would call answers unknown, and post again."""
    page = project_in(tmp_path).modules["webhook_acme"]
    environ = {"AMPHIBUS_WEBHOOKS__ACME__TIMEOUT_SECONDS": "120"}
    settings = load_settings(tmp_path, environ=environ)

    assert Policies(page, settings).by_type["orders.OrderConfirmed.v1"].outside_timeout > 120


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://acme.example/hook", "must be https"),
        ("ftp://acme.example", "must be an https"),
        ("https://user:word@acme.example", "no user"),
        ("https://", "must be an https"),
        ("https://acme..example/hook", "in ASCII"),
        (f"https://{'a' * 64}.example/hook", "in ASCII"),
        ("https://b\u00fccher.example/hook", "in ASCII"),
        ("https://acme.example/\u00fc", "in ASCII"),
        ("https://acme.example/a hook", "in ASCII"),
    ],
)
def test_an_address_that_is_not_public_and_plain_is_refused(
    tmp_path: Path, url: str, why: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path, environ={"AMPHIBUS_WEBHOOKS__ACME__URL": url})

    assert why in str(caught.value)


@pytest.mark.parametrize("secret", ["", "abc", "whsec_", "whsec_!!", "whsec_c2hvcnQ="])
def test_a_weak_or_wrong_secret_is_refused_and_not_shown(tmp_path: Path, secret: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path, environ={"AMPHIBUS_WEBHOOKS__ACME__SECRET": secret})

    assert "whsec_" in str(caught.value)
    assert not secret or f"'{secret}'" not in str(caught.value)


@pytest.mark.parametrize(
    "after", ["", "soon", "Mon, 01 Jan 2020 00:00:00 +99999999999999", "9" * 5_000 + "."]
)
def test_a_retry_after_that_says_nothing_is_no_failure_of_the_event(after: str) -> None:
    """It would spend an attempt; an endpoint that is busy spends none."""
    endpoint = Endpoint("acme", WebhookSettings())

    assert endpoint._seconds(after) is None
