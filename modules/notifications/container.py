"""The parts of the notifications module, and its settings."""

from pathlib import Path
from typing import Literal

from dependency_injector import containers, providers
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from modules.notifications.adapters.maildir import MaildirMailer
from modules.notifications.adapters.mailer import Mailer
from modules.notifications.adapters.smtp import Encryption, SmtpMailer


class Settings(BaseModel):
    """The table `[modules.notifications]` of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    mailer: Literal["maildir", "smtp"] = "maildir"
    """The way mails leave: into a maildir, or to an SMTP server."""
    maildir: str = "mail"
    """The maildir's folder, in the data directory."""
    sender: str = Field(default="Amphibus shop <shop@example.com>", pattern=r"^[^\r\n]+$")
    """The sender of the mails."""
    smtp_host: str = "127.0.0.1"
    """The SMTP server."""
    smtp_port: int = Field(default=25, ge=1, le=65535)
    """Its port: usually 25 or 587, 465 with `tls`."""
    smtp_encryption: Encryption = "none"
    """`tls` from the first byte, `starttls` after a greeting, or `none`."""
    smtp_username: str | None = None
    """Name to log in with; null for no login."""
    smtp_password: SecretStr | None = None
    """Password to log in with."""
    smtp_timeout_seconds: float = Field(default=8.0, gt=0)
    """Time that the server may take for one step."""


class NotificationsContainer(containers.DeclarativeContainer):
    """The module's container. Lives as long as the process."""

    settings = Settings
    config = providers.Configuration(strict=True)
    sender: providers.Provider[str] = providers.Callable(str, config.sender)
    mailer: providers.Provider[Mailer] = providers.Selector(
        config.mailer,
        maildir=providers.Singleton(
            MaildirMailer,
            providers.Callable(Path, config.data_dir, config.maildir),
        ),
        smtp=providers.Singleton(
            SmtpMailer,
            host=config.smtp_host,
            port=config.smtp_port,
            encryption=config.smtp_encryption,
            username=config.smtp_username,
            password=config.smtp_password,
            timeout_seconds=config.smtp_timeout_seconds,
        ),
    )
