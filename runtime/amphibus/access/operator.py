"""The operator: whoever types a command on a machine of the system."""

import getpass
import os
from functools import cache

from amphibus.access.principal import Principal
from amphibus.access.scopes import EVERYTHING


@cache
def this_operator() -> Principal:
    """Returns the user of this machine who runs this process: whoever may write a module's store has all rights."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        name = f"uid-{os.getuid()}"
    return Principal(name, "operator", scopes=EVERYTHING)
