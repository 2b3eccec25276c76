"""What every mailer must keep, run on the maildir and on a real SMTP server."""

import mailbox
import socket
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import EmailMessage, Message
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from pydantic import SecretStr

from amphibus import Unavailable
from modules.notifications.adapters.maildir import MaildirMailer
from modules.notifications.adapters.mailer import Mailer, MailRefused
from modules.notifications.adapters.smtp import SmtpMailer

Arrived = Callable[[], list[Message]]


class Postbox:
    """The other side of SMTP: keeps what it is given, and refuses one address for good."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.refusal = ""

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: ARG002, N802
        if self.refusal:
            return self.refusal
        assert isinstance(envelope.content, bytes)
        self.mails.append(message_from_bytes(envelope.content))
        return "250 kept"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def smtp_at(port: int, **options: Any) -> SmtpMailer:
    settings: dict[str, Any] = {
        "host": "127.0.0.1",
        "encryption": "none",
        "username": None,
        "password": None,
        "timeout_seconds": 5.0,
    }
    return SmtpMailer(port=port, **settings | options)


@pytest.fixture
def postbox() -> Iterator[tuple[Postbox, int]]:
    """An SMTP server that asks for a login where one is offered."""
    kept, port = Postbox(), free_port()

    def check(server: Any, session: Any, envelope: Any, way: str, login: Any) -> AuthResult:  # noqa: ARG001
        right = isinstance(login, LoginPassword) and login.password == b"secret"
        return AuthResult(success=right, handled=False)

    controller = Controller(
        kept,
        hostname="127.0.0.1",
        port=port,
        authenticator=check,
        auth_require_tls=False,
    )
    controller.start()
    yield kept, port
    controller.stop()


@pytest.fixture(params=["maildir", "smtp"])
def way(
    request: pytest.FixtureRequest, tmp_path: Path, postbox: tuple[Postbox, int]
) -> tuple[Mailer, Arrived]:
    """A mailer, and how to see what came out at the other end."""
    if request.param == "maildir":
        folder = tmp_path / "var" / "mail"
        return MaildirMailer(folder), lambda: list(mailbox.Maildir(folder))
    kept, port = postbox
    return smtp_at(port), lambda: kept.mails


def mail_about(subject: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Shop <shop@example.com>"
    mail["To"] = "ada@example.com"
    mail["Subject"] = subject
    mail.set_content("Hello,\n\nall is well: naïve café, 7.77 €.\n")
    return mail


@pytest.mark.asyncio
async def test_a_mail_arrives_whole(way: tuple[Mailer, Arrived]) -> None:
    mailer, arrived = way
    await mailer.send("id-1", mail_about("Your order ☂ is confirmed"))

    (mail,) = arrived()
    assert mail["To"] == "ada@example.com"
    body = mail.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert "naïve café" in body.decode()


@pytest.mark.parametrize("message_id", ["id-1", "odd/../id \r\nBcc: eve@example.com"])
@pytest.mark.asyncio
async def test_the_same_message_again_is_the_same_mail(
    way: tuple[Mailer, Arrived], message_id: str
) -> None:
    """Either it is not there twice, or the other side can tell that it is."""
    mailer, arrived = way
    for _ in range(2):
        await mailer.send(message_id, mail_about("Your order is confirmed"))
    await mailer.send("another", mail_about("Your order is confirmed"))

    assert len({mail["Message-ID"] for mail in arrived()}) == 2
    assert not any(mail["Bcc"] for mail in arrived())


@pytest.mark.asyncio
async def test_a_maildir_does_not_take_a_mail_twice_even_after_it_was_read(tmp_path: Path) -> None:
    mailer = MaildirMailer(tmp_path)
    await mailer.send("id-1", mail_about("Once"))
    (tmp_path / "new" / "id-1").rename(tmp_path / "cur" / "id-1:2,S")
    await mailer.send("id-1", mail_about("Once"))

    files = [each.relative_to(tmp_path) for each in tmp_path.rglob("*") if each.is_file()]
    assert files == [Path("cur", "id-1:2,S")]


@pytest.mark.asyncio
async def test_a_maildir_that_cannot_be_written_is_away(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    with pytest.raises(Unavailable):
        await MaildirMailer(blocked).send("id-1", mail_about("Never"))


@pytest.mark.asyncio
async def test_a_mail_server_that_is_not_there_is_away() -> None:
    with pytest.raises(Unavailable, match="no mail server at"):
        await smtp_at(free_port()).send("id-1", mail_about("Never"))


@pytest.mark.parametrize(
    ("answer", "error"),
    [("550 no such customer", MailRefused), ("451 come back later", Unavailable)],
)
@pytest.mark.asyncio
async def test_only_a_final_refusal_is_final(
    postbox: tuple[Postbox, int], answer: str, error: type[Exception]
) -> None:
    """What may work later is tried later; what never will is shown to somebody."""
    kept, port = postbox
    kept.refusal = answer
    with pytest.raises(error):
        await smtp_at(port).send("id-1", mail_about("Refused"))


@pytest.mark.asyncio
async def test_a_login_is_used_and_a_wrong_one_loses_no_mail(postbox: tuple[Postbox, int]) -> None:
    kept, port = postbox
    right = smtp_at(port, username="shop", password=SecretStr("secret"))
    await right.send("id-1", mail_about("With a login"))
    assert len(kept.mails) == 1

    with pytest.raises(Unavailable):
        await smtp_at(port, username="shop", password=SecretStr("wrong")).send(
            "id-2", mail_about("Without")
        )
