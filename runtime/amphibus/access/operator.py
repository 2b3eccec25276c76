"""The operator: whoever types a command on a machine of the system."""

import getpass
import os
from functools import cache
from typing import Final

from amphibus.access.principal import Principal
from amphibus.access.scopes import EVERYTHING

OPERATOR: Final = "operator"
"""The source of what an operator sends past the gateway. It is no module, and has a user of its own at the broker."""


@cache
def this_operator() -> Principal:
    """Returns the user of this machine who runs this process: whoever may write a module's store has all rights."""
    return Principal(user_name(), "operator", scopes=EVERYTHING)


def user_name() -> str:
    """Returns the name of the user who runs this process, or a number: a container's user may have no name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid-{os.getuid()}"
