"""The answer about the settings that a module's processes used last, as its store has them."""

from amphibus.database.facts import settings_noted
from amphibus.database.sql import Sql
from amphibus.messages.contracts.amphibus.settings import SettingsInForce
from amphibus.messages.contracts.amphibus.v1 import TellSettings


async def in_force(sql: Sql, _asked: TellSettings) -> SettingsInForce:
    """Returns the copy in a store; nothing where none was ever made."""
    noted = await settings_noted(sql)
    if noted is None:
        return SettingsInForce(revision=0, settings="{}", problem="")
    return SettingsInForce.model_validate_json(noted)
