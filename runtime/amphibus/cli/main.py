"""The command `amphibus`: the tree of commands, and their ends."""

import contextlib
import os
import re
import sys
from collections.abc import Sequence
from typing import Any, Final, get_args

from cyclopts import (
    App,
    CoercionError,
    CycloptsError,
    Parameter,
    UnknownCommandError,
    UnknownOptionError,
)

from amphibus import __version__
from amphibus.cli.commands import COMMANDS, EPILOGUE, GROUPS, HELP
from amphibus.cli.description import described
from amphibus.cli.output import CommandError, Exit, command_name, exit_code, show_error
from amphibus.errors import AmphibusError
from amphibus.nearest import nearest

_LISTED: Final = {
    "processes": ("list", "show", "expire", "cancel", "--help", "-h", "--version"),
    "limits": ("list", "set", "unset", "--help", "-h", "--version"),
}
"""Groups that list the things of a module when that is typed in place of a command."""


def application(name: str = "amphibus", typed: Sequence[str] = ()) -> App:
    """Returns the tree of commands. A command's file is imported when the command is typed.

    `name` is what people type, which the usage lines show. The command whose help is `typed` describes itself,
    with examples; lists show the line of each.
    """
    plain = not sys.stdout.isatty() or bool(os.environ.get("NO_COLOR"))
    app = App(
        name=name,
        help=HELP,
        help_epilogue=EPILOGUE,
        help_format="plaintext",
        help_formatter="plain" if plain else "default",
        version=__version__,
        default_parameter=Parameter(negative=()),
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    for command, target, line in COMMANDS:
        # The demo's options, and so its help, are the project's own.
        own: dict[str, Any] = {"help_flags": ()} if command == "demo" else {}
        if command == "run" and name != "amphibus":
            own = {"usage": f"Usage: {name} [OPTIONS]"}
        told = described(target) if _asks(typed, command) else line
        app.command(f"amphibus.cli.{target}", name=command, help=told, **own)
    for group, line, commands in GROUPS:
        sub = App(name=group, help=line)
        for command, target, help_line in commands:
            told = described(target) if _asks(typed, group, command) else help_line
            sub.command(f"amphibus.cli.{target}", name=command, help=told)
        app.command(sub)
    return app


def _without_file(error: OSError) -> int:
    """Says what cannot be written or read; of a reader who has seen enough of our output, nothing."""
    from amphibus.cli.fix import of_the_machine

    wrong = None if isinstance(error, BrokenPipeError) else of_the_machine(error)
    if wrong is None and not isinstance(error, BrokenPipeError):
        raise error
    with contextlib.suppress(OSError, ValueError):
        # The interpreter must not complain at its end of what it cannot write.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if wrong is None:
        return Exit.OK
    show_error(wrong)
    return exit_code(wrong)


def _command(words: Sequence[str]) -> Sequence[str]:
    """Returns the words that name a command, without what it was given."""
    groups = {group for group, *_ in GROUPS}
    return words[: 2 if words and words[0] in groups else 1]


def _asks(typed: Sequence[str], *command: str) -> bool:
    """Says if the help of a command was typed."""
    return (*typed[: len(command)],) == command and not {"--help", "-h"}.isdisjoint(typed)


def execute(typed: Sequence[str]) -> int:
    """Runs one command line; returns its exit code."""
    arguments = _as_now(typed)
    try:
        if any("://" in word or "@" in word for word in arguments):
            from amphibus.cli.passwords import with_addresses

            arguments = with_addresses(arguments)
        app = application(command_name(), arguments)
        result = app(arguments, print_error=False, exit_on_error=False)
        sys.stdout.flush()
    except CycloptsError as error:
        usage = _usage(error)
        show_error(usage, _fix(usage, arguments))
        return Exit.USAGE
    except AmphibusError as error:
        show_error(error, _fix(error, arguments))
        return exit_code(error)
    except ValueError as error:
        from amphibus.cli.fix import refused

        wrong = refused(error, " ".join(_command(arguments)))
        if wrong is None:
            raise
        show_error(wrong)
        return Exit.USAGE
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        return _without_file(error)
    return result if isinstance(result, int) else Exit.OK


def _as_now(words: Sequence[str]) -> list[str]:
    """The line with options as they are named now: `run --data` was another name of its folder.

    `processes orders` lists those of a module, and `limits` alone those of all.
    """
    if list(words) == ["limits"]:
        return ["limits", "list"]
    if len(words) > 1 and words[1] not in _LISTED.get(words[0], words):
        return [words[0], "list", *words[1:]]
    if not words or words[0] != "run":
        return list(words)
    return [re.sub(r"^--data(?==|$)", "--data-dir", word) for word in words]


def _fix(error: AmphibusError, words: Sequence[str]) -> str:
    from amphibus.cli.fix import corrected, elsewhere, secret

    if secret(words):
        return error.fix
    change = error.change if isinstance(error, CommandError) else {}
    return corrected(words, change) if change else elsewhere(error.fix, words, _understood)


def _understood(words: list[str]) -> bool:
    try:
        application().parse_args(words, print_error=False, exit_on_error=False)
    except CycloptsError:
        return False
    return True


def _usage(error: CycloptsError) -> CommandError:
    chain = " ".join(("amphibus", *(error.command_chain or ())))
    if isinstance(error, UnknownCommandError):
        return _unknown_command(error, chain)
    what, _, why = str(error).strip().partition(". ")
    why = why or "the command line cannot be understood"
    return CommandError(what.rstrip("."), why, f"{chain} --help", change=_misspelt(error))


def _misspelt(error: CycloptsError) -> dict[str, str]:
    """An option that there is not, or a value that is not in its list, with the nearest that is."""
    known: list[str] = []
    if isinstance(error, UnknownOptionError):
        typed = (error.token.keyword or error.token.value).partition("=")[0]
        known = [name for each in error.argument_collection for name in each.names]
    elif isinstance(error, CoercionError) and error.token is not None:
        typed = error.token.value
        known = [each for each in get_args(error.target_type) if isinstance(each, str)]
    near = nearest(typed, known) if known else None
    return {typed: near} if near else {}


def _unknown_command(error: UnknownCommandError, chain: str) -> CommandError:
    typed = (error.unused_tokens or [""])[0]
    groups = {group: [name for name, *_ in commands] for group, _, commands in GROUPS}
    names = groups.get((error.command_chain or ("",))[-1], [each[0] for each in COMMANDS])
    names = [*names, *groups] if names and names[0] == "run" else names
    near = nearest(typed, names)
    return CommandError(
        f"unknown command '{typed}'",
        f"there are {', '.join(names)}",
        f"{chain} --help",
        change={typed: near} if near else {},
    )
