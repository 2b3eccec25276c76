"""Makes sure that a process may have as many files and connections open as its modules need."""

import contextlib
import resource
from typing import Final

from amphibus.cli.output import CommandError, plural

_OF_THE_PROCESS: Final = 32
"""Its logs, signals, listening sockets, and connections to a broker."""
_OF_A_MODULE: Final = 16
"""The writer and the readers of its database: files with their logs, or connections to a server."""
_OF_VISITORS: Final = 64
"""Connections over HTTP at once, of which too many are refused one by one."""
_AMPLE: Final = 1_024


def needed_for(modules: int) -> int:
    """Returns how many files a process with so many modules may have to open at once."""
    return _OF_THE_PROCESS + modules * _OF_A_MODULE + _OF_VISITORS


def refuse_few_files(modules: int) -> None:
    """Raises this process's limit of open files as far as that needs no right; refuses one that is too low.

    Raises:
        CommandError: it would fail later, in the middle of work.
    """
    needed = needed_for(modules)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    ample = max(needed, _AMPLE)
    allowed = ample if hard == resource.RLIM_INFINITY else min(ample, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        with contextlib.suppress(ValueError, OSError):  # some systems have another limit behind it
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
            soft = allowed
    if soft != resource.RLIM_INFINITY and soft < needed:
        raise CommandError(
            f"this process may have {soft} files open at once, and needs {needed}",
            f"databases of {plural(modules, 'module')} and connections are files, too. The limit is that of its shell"
            " (a new shell has its own), service (LimitNOFILE=) or container (nofile)",
            f"ulimit -n {ample}; amphibus run",
        )
