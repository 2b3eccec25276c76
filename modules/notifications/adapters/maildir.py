"""Mails into a maildir (https://cr.yp.to/proto/maildir.html), which any mail reader opens."""

import asyncio
import os
from email.message import EmailMessage
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


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # elsewhere a folder cannot be opened
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
