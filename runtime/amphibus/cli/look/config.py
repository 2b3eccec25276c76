"""`amphibus config show`: every setting, its value and its origin."""

import contextlib
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from amphibus.cli import options
from amphibus.cli.configure.kept import with_live_values
from amphibus.cli.output import show_columns, show_json
from amphibus.cli.views import settings_of


def show(
    *,
    mode: Literal["monolith", "distributed"] = "monolith",
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Show every setting, its value and its origin; secrets are masked.

    Example: amphibus config show --mode distributed

    Args:
        mode: The mode whose file config/<mode>.toml is read.
    """
    from amphibus.config.layers import flat
    from amphibus.config.masking import shown

    settings, kept = with_live_values(settings_of(data_dir, db, mode=mode))
    rows, secrets = [], _declared_secrets()
    for key, value in flat(settings):
        hidden = SecretStr(str(value)) if value and key in secrets else value
        printed = shown(key, hidden)
        printed = str(printed) if isinstance(printed, Path) else printed
        rows.append((key, printed, kept.get(key) or settings.origin(key)))
    if as_json:
        show_json({key: {"value": value, "origin": origin} for key, value, origin in rows})
    else:
        show_columns(
            ("SETTING", "VALUE", "FROM"),
            [(key, "-" if value in (None, "") else value, origin) for key, value, origin in rows],
        )


def _declared_secrets() -> set[str]:
    """Returns the settings that the containers declare as secrets, by any name; none if they cannot be read."""
    from amphibus.config.leaves import secrets_of

    found: set[str] = set()
    with contextlib.suppress(Exception):  # other commands report a broken module
        for name, module in options.project().modules.items():
            declared = getattr(module.container, "settings", None)
            if declared is not None:
                found |= {f"modules.{name}.{key}" for key in secrets_of(declared)}
    return found
