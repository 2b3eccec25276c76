"""The parts of a process that keep numbers of their own, and what tells them that a setting has changed."""

from collections.abc import Iterable

from amphibus.config.live import LiveSettings, Models
from amphibus.config.settings import Settings
from amphibus.database.control.file import FileControl
from amphibus.database.control.revisions import Control
from amphibus.host.module_host import ModuleHost
from amphibus.module import Module
from amphibus.routing.project import Project
from amphibus.telemetry.log_levels import levels


def live_settings(settings: Settings, project: Project, names: Iterable[str]) -> LiveSettings:
    """Returns the settings of a process that hosts these modules; whatever it is made of gets them from there."""
    return LiveSettings(
        settings, models_of(project.modules[name] for name in names if name in project.modules)
    )


def models_of(modules: Iterable[Module]) -> Models:
    """Returns the models of the settings of modules, of those that have any."""
    return {each.name: each.settings for each in modules if each.settings is not None}


def keep_adjusted(live: LiveSettings, modules: Iterable[ModuleHost]) -> None:
    """Tells modules of what changes from now on."""
    live.on_change.extend(each.adjust for each in modules)


def keep_log_levels(live: LiveSettings) -> None:
    """Has the log follow what changes from now on."""
    settings = live.settings
    live.on_change.append(lambda _changed: levels.change(settings.log_level, settings.log_levels))


def control_of(settings: Settings, modules: Iterable[ModuleHost]) -> Control:
    """Returns where a process reads what is set while the system runs."""
    if settings.db_url is None:
        return FileControl(settings.data_dir)
    from amphibus.database.control.server import ReadControl

    first = next(iter(modules))
    return ReadControl(lambda: first.store.reader)
