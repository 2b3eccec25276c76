"""`amphibus config show`: every setting, its value and where it comes from."""

from pathlib import Path
from typing import Literal

from amphibus.cli import options
from amphibus.cli.output import show_columns, show_json


def show(
    *,
    mode: Literal["monolith", "distributed"] = "monolith",
    as_json: options.AsJson = False,
) -> None:
    """Show every setting, its value and where it comes from; secrets are masked.

    Args:
        mode: Whose file config/<mode>.toml is read.
    """
    from amphibus.settings_layers import flat, shown

    settings = options.settings(mode=mode)
    rows = []
    for key, value in flat(settings):
        printed = shown(key, value)
        printed = str(printed) if isinstance(printed, Path) else printed
        rows.append((key, printed, settings.origin(key)))
    if as_json:
        show_json({key: {"value": value, "origin": origin} for key, value, origin in rows})
    else:
        show_columns(
            ("SETTING", "VALUE", "FROM"),
            [(key, "-" if value in (None, "") else value, origin) for key, value, origin in rows],
        )
