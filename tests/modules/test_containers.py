"""Every part of every module can be built, from the settings that a user may write."""

import importlib
from pathlib import Path
from typing import Any

import pytest
from dependency_injector import providers
from pydantic import ValidationError

from modules.notifications.adapters.maildir import MaildirMailer
from modules.notifications.adapters.smtp import SmtpMailer
from modules.notifications.container import NotificationsContainer
from modules.notifications.container import Settings as NotificationsSettings

MODULES = ("catalog", "inventory", "notifications", "orders", "payments", "reporting")


@pytest.mark.parametrize("name", MODULES)
def test_every_provider_of_a_module_can_be_built(name: str, tmp_path: Path) -> None:
    """Containers are not type-checked, so a misspelt argument would show up in production."""
    container_type: Any = importlib.import_module(f"modules.{name}.module").module.container
    config = container_type.settings().model_dump() | {"data_dir": str(tmp_path)}
    container = container_type(config=config)

    for each, provider in container.providers.items():
        if not isinstance(provider, providers.Configuration):
            assert provider() is not None, each


@pytest.mark.parametrize("name", MODULES)
def test_a_setting_that_does_not_exist_is_refused(name: str) -> None:
    container_type: Any = importlib.import_module(f"modules.{name}.module").module.container
    with pytest.raises(ValidationError):
        container_type.settings(no_such_setting=1)


@pytest.mark.parametrize(("mailer", "adapter"), [("maildir", MaildirMailer), ("smtp", SmtpMailer)])
def test_the_mailer_is_the_one_that_the_settings_name(
    mailer: str, adapter: type, tmp_path: Path
) -> None:
    settings = NotificationsSettings.model_validate({"mailer": mailer, "smtp_password": "secret"})
    config = settings.model_dump() | {"data_dir": str(tmp_path)}

    assert isinstance(NotificationsContainer(config=config).mailer(), adapter)
    assert "secret" not in repr(settings)


@pytest.mark.parametrize("name", MODULES)
def test_every_setting_of_a_module_says_what_it_is(name: str) -> None:
    container_type: Any = importlib.import_module(f"modules.{name}.module").module.container
    fields = container_type.settings.model_fields.items()

    assert [each for each, field in fields if not field.description] == []
