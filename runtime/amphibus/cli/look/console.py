"""`amphibus console`: prints an address of the console that lets in once."""

from amphibus.access.operator import this_operator
from amphibus.cli import options
from amphibus.cli.output import CommandError
from amphibus.cli.views import settings_of


def console(*, http: options.Url = None, data_dir: options.DataDir = None) -> None:
    """Print an address of the console of a running shop that lets in once, within 12 hours.

    Example: amphibus console
    """
    from amphibus.console.console import PATH, is_served, sessions_of

    settings = settings_of(data_dir, None)
    if not is_served(settings):
        raise CommandError(
            "there is no console",
            f"the gateway listens on {settings.host}, and nobody would ask who comes in",
            "amphibus config show",
        )
    link = sessions_of(settings).link(this_operator().subject)
    print(f"{options.base_url(http)}{PATH}?token={link}")
