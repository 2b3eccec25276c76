"""`amphibus config explain`: what a setting means, what it may be, what it is and who said so."""

import asyncio
import os
from typing import TYPE_CHECKING, Any, Literal

from pydantic import SecretStr

from amphibus.cli import options
from amphibus.cli.configure.kept import as_typed, check_name, control_of, live_settings
from amphibus.cli.output import moment, printable, show_json, typed
from amphibus.cli.views import settings_of
from amphibus.config.described import Description, described
from amphibus.config.layers import given_values
from amphibus.config.masking import shown
from amphibus.config.proposal import leaf_of, unknown
from amphibus.config.settings import Settings
from amphibus.database.control.revisions import Revision
from amphibus.errors import AmphibusError, ConfigError

if TYPE_CHECKING:
    from amphibus.config.leaves import Leaf


def explain(
    key: str,
    *,
    mode: Literal["monolith", "distributed"] = "monolith",
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Explain a setting: meaning, type, range, default, value and origin, and whether it changes while running.

    Example: amphibus config explain bus.window

    Args:
        key: The setting.
        mode: The mode whose file config/<mode>.toml is read.
    """
    settings = settings_of(data_dir, db, mode=mode)
    live = live_settings(settings)
    leaf = leaf_of(key, live.known)
    if leaf is None:
        check_name(key, live)
        raise ConfigError(*unknown(key, live.known))
    kept, note = asyncio.run(_kept(settings, key))
    layers = _layers(key, leaf, mode)
    if kept is not None:
        layers.append((_origin(kept), shown(key, kept.settings[key])))
    _show(key, described(key, leaf), layers, note, as_json=as_json)


async def _kept(settings: Settings, key: str) -> tuple[Revision | None, str]:
    """Returns the revision that set a setting to its live value, and why that cannot be known."""
    try:
        found = await control_of(settings).revisions(1_000_000)
    except AmphibusError as error:
        return None, error.line
    if not found or key not in found[0].settings:
        return None, ""
    changed = (each for each in found if key in each.changes)
    return next(changed, found[0])._replace(settings=found[0].settings), ""


def _origin(kept: Revision) -> str:
    why = f": {kept.why}" if kept.why else ""
    return f"live, revision {kept.revision} of {moment(kept.at)}, {kept.who}{why}"


def _layers(key: str, leaf: "Leaf", mode: str) -> list[tuple[str, Any]]:
    """Returns who gives it a value, and which; the last one counts."""
    given = given_values(Settings, options.root(), mode, {}, os.environ)
    return [
        (each.origin, shown(key, SecretStr(str(each.value)) if leaf.secret else each.value))
        for each in given
        if each.key == key
    ]


def _show(
    key: str,
    said: Description,
    layers: list[tuple[str, Any]],
    note: str,
    *,
    as_json: bool,
) -> None:
    origin, value = layers[-1] if layers else ("default", said.default)
    if as_json:
        given = [{"origin": name, "value": each} for name, each in layers]
        facts = {"setting": key, **said._asdict(), "value": value, "origin": origin}
        show_json({**facts, "layers": given})
        return
    how = f"amphibus config set {key} VALUE" if said.hot else "no: it is read at the start alone"
    lines = {
        "meaning": said.meaning,
        "type": said.type,
        "range": said.range,
        "unit": said.unit,
        "default": said.default,
        "value": value,
        "from": origin,
        "covers": ", ".join(f"{name} {each}" for name, each in reversed(layers[:-1])),
        "while running": how,
        "note": note,
    }
    print(key)
    for name, each in lines.items():
        if each not in ("", None):
            print(printable(typed(f"  {name:14} {as_typed(each)}")))
