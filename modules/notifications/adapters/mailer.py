"""The way mails leave: the promise that every adapter keeps."""

import re
from collections.abc import Collection
from email.message import EmailMessage
from hashlib import sha256
from typing import Final, Protocol

_SAFE: Final = re.compile(r"[A-Za-z0-9-]{1,128}")


class MailRefused(Exception):
    """The mail cannot be delivered, now or later: somebody must look at it."""


class Mailer(Protocol):
    """Hands mails over for delivery."""

    async def send(self, message_id: str, mail: EmailMessage) -> None:
        """Hands a mail over; when it returns, the mail is safe with the other side.

        The same `message_id` again is the same mail: its `Message-ID` follows from it, and by that
        the other side recognises a mail that was handed over before.

        Raises:
            Unavailable: nobody takes mail at the moment; it may have been handed over.
            MailRefused: it will not be taken.
        """
        ...

    async def forget(self, addresses: Collection[str]) -> int:
        """Deletes the mails to some addresses that lie with us; returns how many."""
        ...


def name_mail(message_id: str, mail: EmailMessage) -> str:
    """Gives a mail its `Message-ID`; returns its name, which is fit for a file too."""
    safe = _SAFE.fullmatch(message_id)
    name = message_id if safe else sha256(message_id.encode()).hexdigest()
    del mail["Message-ID"]
    mail["Message-ID"] = f"<{name}@amphibus>"
    return name
