"""Takes a new payload for a dead message from the command line or an editor, and checks it by its contract."""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from amphibus.admin.dead import DeadLetter
from amphibus.cli.output import CommandError, Exit
from amphibus.messages.documents import document_of, text_of

if TYPE_CHECKING:
    from amphibus.routing.project import Project


def edited_body(project: "Project", letter: DeadLetter, body: bytes, data: str | None) -> bytes:
    """Returns the wanted payload, encoded by its contract.

    Raises:
        CommandError: it is not what the contract says, or the editor failed.
    """
    from pydantic import ValidationError

    from amphibus.contract.wording import details_of, in_words

    contract = project.contracts.get(letter.type)
    if contract is None:
        raise CommandError(
            f"{letter.type} is no contract of this project",
            "a payload is kept only if its contract accepts it: add the contract or a converter, or discard it",
            f"amphibus dead discard {letter.id}",
        )
    text = data if data is not None else _from_editor(letter.id, body)
    try:
        message = contract.model_validate_json(text)
    except ValidationError as error:
        reasons = "; ".join(
            f"{'.'.join(map(str, each['loc'])) or 'payload'} {in_words(each)}"
            for each in details_of(error)
        )
        raise CommandError(
            f"the payload does not fit {letter.type}", reasons, f"amphibus dead edit {letter.id}"
        ) from None
    return message.model_dump_json().encode()


def _from_editor(message: str, body: bytes) -> str:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        raise CommandError(
            "no editor",
            "neither VISUAL nor EDITOR is set, and no payload was given with --data",
            f"EDITOR=nano amphibus dead edit {message}",
            Exit.USAGE,
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "payload.json"
        path.write_text(_pretty(body), encoding="utf-8")
        ended = subprocess.run([*shlex.split(editor), str(path)], check=False)
        if ended.returncode != 0:
            raise CommandError(
                f"{editor} ended with {ended.returncode}",
                "nothing was changed",
                f"amphibus dead edit {message}",
            )
        return path.read_text(encoding="utf-8")


def _pretty(body: bytes) -> str:
    try:
        return text_of(document_of(body), indent=2) + "\n"
    except ValueError:
        return body.decode(errors="replace")
