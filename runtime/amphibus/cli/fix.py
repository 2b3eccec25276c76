"""The line to type after an error, for the place that was named; and what is wrong in the line that was typed."""

import errno
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from amphibus.cli.output import CommandError, Exit

_OF_FILES: Final = frozenset(
    (
        *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS),
        *(errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE),
        *(errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ELOOP, errno.ENAMETOOLONG),
    )
)
_PLACES: Final = ("--data-dir", "--db", "--http")
"""Options that say where to look; what is typed next must look in the same place."""


def corrected(words: Sequence[str], change: Mapping[str, str]) -> str:
    """A command line with other values or names for some options or words; an option that it lacks is added."""
    left, line, skip = dict(change), [], False
    for word in words:
        name, equals, value = word.partition("=")
        if skip:
            skip = False
        elif change.get(name, "").startswith("--"):
            left.pop(name)
            line.append(f"{change[name]}{equals}{value}")
        elif name.startswith("--") and name in change:
            left.pop(name, None)
            line += [f"{name}={change[name]}"] if equals else [name, change[name]]
            skip = not equals
        else:
            last = value if equals else word
            left.pop(last, None)
            line.append(
                f"{name}={change[last]}" if equals and last in change else change.get(word, word)
            )
    line += [part for option in left.items() if option[0].startswith("--") for part in option]
    return shlex.join(("amphibus", *line))


def elsewhere(fix: str, words: Sequence[str], understood: Callable[[list[str]], bool]) -> str:
    """The fix with the options that said where to look, each if the fix has none of its own and takes it.

    `understood` tells whether the words are a command line without a mistake.
    """
    if not fix.startswith("amphibus ") or "&&" in fix:
        return fix
    for name, value in _places(words):
        if not re.search(rf"{name}\b", fix):
            longer = f"{fix} {name} {shlex.quote(value)}"
            if understood(shlex.split(longer)[1:]):
                fix = longer
    return fix


def secret(words: Sequence[str]) -> bool:
    """Returns whether a command line holds a password, which must not be printed."""
    return any(re.search(r"://[^/@]*:[^/]*@", word) for word in words)


def of_the_machine(error: OSError) -> CommandError | None:
    """Returns the error for a file or a disk that fails a command; None of what a file has no part in."""
    if error.errno not in _OF_FILES:
        return None
    place = str(error.filename or "a file, or the output,")
    look = f"ls -ld {shlex.quote(place)}" if error.filename else "df -h"
    return CommandError(f"{place} cannot be used", error.strerror or str(error), look)


def refused(error: ValueError, command: str) -> CommandError | None:
    """Returns the error for a value that a system contract refuses; None of what is no mistake of who typed.

    Commands fill system contracts with what was typed, and nothing else: what these refuse was typed.
    """
    from pydantic import ValidationError

    from amphibus.contract.wording import details_of, in_words
    from amphibus.messages.system_requests import SYSTEM_CONTRACTS

    if not isinstance(error, ValidationError):
        return None
    if error.title not in {each.__name__ for each in SYSTEM_CONTRACTS.values()}:
        return None
    said = [f"{each['loc'][0]} {in_words(each)}" for each in details_of(error) if each["loc"]]
    return CommandError(
        f"{command} cannot be asked that",
        "; ".join(dict.fromkeys(said)),
        f"amphibus {command} --help",
        Exit.USAGE,
    )


def _places(words: Sequence[str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for at, word in enumerate(words):
        name, equals, value = word.partition("=")
        value = value if equals else "".join(words[at + 1 : at + 2])
        if name in _PLACES and value:
            found.append((name, value))
    return found
