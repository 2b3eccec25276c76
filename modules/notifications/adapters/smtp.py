"""Mails to an SMTP server."""

from collections.abc import Collection
from email.message import EmailMessage
from typing import Literal

import aiosmtplib
from pydantic import SecretStr

from amphibus import Unavailable
from modules.notifications.adapters.mailer import MailRefused, name_mail

Encryption = Literal["none", "starttls", "tls"]


class SmtpMailer:
    """A `Mailer` over SMTP, one connection a mail."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        encryption: Encryption,
        username: str | None,
        password: SecretStr | None,
        timeout_seconds: float,
    ) -> None:
        self._host = host
        self._port = port
        self._encryption = encryption
        self._username = username
        self._password = password
        self._timeout = timeout_seconds

    async def send(self, message_id: str, mail: EmailMessage) -> None:
        """Hands the mail to the server; returns when the server has it safe."""
        name_mail(message_id, mail)
        try:
            await aiosmtplib.send(
                mail,
                hostname=self._host,
                port=self._port,
                use_tls=self._encryption == "tls",
                start_tls=self._encryption == "starttls",
                username=self._username,
                password=self._password.get_secret_value() if self._password else None,
                timeout=self._timeout,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            _refuse_or_wait(max(each.code for each in error.recipients), error)
        except aiosmtplib.SMTPResponseException as error:
            _refuse_or_wait(error.code, error)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Unavailable(f"no mail server at {self._host}:{self._port}") from error

    async def forget(self, addresses: Collection[str]) -> int:  # noqa: ARG002
        """Deletes nothing: what the server took is not ours any more."""
        return 0


def _refuse_or_wait(code: int, error: Exception) -> None:
    """A code of 500 and above is final (RFC 5321, 4.2.1); wrong credentials are ours to mend."""
    credentials = isinstance(error, aiosmtplib.SMTPAuthenticationError)
    if code >= 500 and not credentials:
        raise MailRefused(f"the mail server refused the mail with code {code}") from error
    raise Unavailable(f"the mail server answered with code {code}") from error
