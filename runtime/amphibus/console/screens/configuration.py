"""The screen of the configuration: every setting of the gateway's process, its value and its origin, no secret."""

import contextlib
from pathlib import Path

from pydantic import SecretStr
from starlette.responses import Response

from amphibus.config.layers import flat
from amphibus.config.leaves import secrets_of
from amphibus.config.masking import shown
from amphibus.console.rendering import page
from amphibus.console.visit import Visit


async def show(visit: Visit) -> Response:
    """Shows the settings whose names have the text that was asked for."""
    wanted, secrets = visit.asked("q").lower(), _declared_secrets(visit)
    rows = []
    for key, value in flat(visit.settings):
        hidden = SecretStr(str(value)) if value and key in secrets else value
        printed = shown(key, hidden)
        printed = str(printed) if isinstance(printed, Path) else printed
        if wanted in key.lower():
            rows.append(
                (key, "-" if printed in (None, "") else printed, visit.settings.origin(key))
            )
    return page("configuration", visit=visit, principal=visit.principal, rows=rows, away={})


def _declared_secrets(visit: Visit) -> set[str]:
    """Returns the settings that the containers declare as secrets, by any name."""
    found: set[str] = set()
    with contextlib.suppress(Exception):  # `amphibus check` reports a broken module
        for name, module in visit.project.modules.items():
            declared = getattr(module.container, "settings", None)
            if declared is not None:
                found |= {f"modules.{name}.{key}" for key in secrets_of(declared)}
    return found
