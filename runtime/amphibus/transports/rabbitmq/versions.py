"""The versions of the client library whose insides are known here; with any other its public way is taken.

Two things go past the library's public functions, as these cost more than all that is done with a
message: `frame_reader` reads and `publish_channel` writes frames. Both were tested with these versions.
"""

from functools import cache
from importlib.metadata import version
from typing import Final

TESTED: Final = {"aiormq": "7.2", "pamqp": "4.0"}


def are_tested() -> bool:
    """Returns whether what is installed has the insides that were tested."""
    return all(_installed(library) == tested for library, tested in TESTED.items())


@cache
def _installed(library: str) -> str:
    major, minor, *_ = version(library).split(".")
    return f"{major}.{minor}"
