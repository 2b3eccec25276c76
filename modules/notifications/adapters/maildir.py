"""Mails into a maildir (https://cr.yp.to/proto/maildir.html), which any mail reader opens."""

import asyncio
import os
from collections.abc import Collection
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import default
from pathlib import Path
from threading import get_ident

from amphibus import Unavailable
from modules.notifications.adapters.mailer import name_mail


class MaildirMailer:
    """A `Mailer` into the maildir `folder`, made when first used. A message id is one file there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, message_id: str, mail: EmailMessage) -> None:
        """Writes the mail, unless it is there, and makes it durable before it can be seen."""
        name = name_mail(message_id, mail)
        try:
            await asyncio.to_thread(self._write, name, mail)
        except OSError as error:
            raise Unavailable(f"the maildir cannot be written: {error.strerror}") from error

    async def forget(self, addresses: Collection[str]) -> int:
        """Deletes the mails to some addresses, wherever a reader has moved them in the maildir."""
        return await asyncio.to_thread(self._forget, frozenset(addresses))

    def _forget(self, addresses: frozenset[str]) -> int:
        found = [each for each in self._folder.glob("*/*") if _receiver(each) in addresses]
        for each in found:
            each.unlink(missing_ok=True)
        return len(found)

    def _write(self, name: str, mail: EmailMessage) -> None:
        for part in ("tmp", "new", "cur"):
            (self._folder / part).mkdir(parents=True, exist_ok=True)
        if not self._delivered(name):
            self._deliver(name, mail)

    def _delivered(self, name: str) -> bool:
        # A reader moves a mail to `cur` and appends its flags, as in `name:2,S`.
        cur = self._folder / "cur"
        return (self._folder / "new" / name).exists() or any(cur.glob(f"{name}*"))

    def _deliver(self, name: str, mail: EmailMessage) -> None:
        draft = self._folder / "tmp" / f"{name}.{os.getpid()}.{get_ident()}"
        with draft.open("wb") as file:
            file.write(mail.as_bytes())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._folder / "new" / name)
        _sync_folder(self._folder / "new")


def _receiver(path: Path) -> str:
    """Returns the address that a mail goes to; nothing for what is gone or is no mail."""
    try:
        with path.open("rb") as file:
            return str(BytesHeaderParser(policy=default).parse(file)["To"] or "")
    except OSError:
        return ""


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # elsewhere a folder cannot be opened
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
