"""`amphibus demo`: runs the demo that the project names in its configuration."""

import importlib
from typing import Annotated, Any

from cyclopts import App, Parameter

from amphibus.cli import options
from amphibus.cli.output import CommandError, Exit, command_name


def demo(
    *arguments: Annotated[str, Parameter(allow_leading_hyphen=True, help="See: demo --help")],
) -> Any:
    """Show the project at work, message by message.

    The options are the project's own: config/amphibus.toml names the Python module that has them
    (`demo = "demo.story"`), as a function `demo`.
    """
    options.project()  # puts the project's root on the path
    name = options.settings().demo
    if not name:
        raise CommandError(
            "this project has no demo",
            "config/amphibus.toml does not name one",
            'add  demo = "demo.story"  there: a Python module with a function demo(...) -> int',
            Exit.USAGE,
        )
    story = _load(name).demo
    app = App(
        name=f"{command_name()} demo",
        default_command=story,
        help_format="plaintext",
        version_flags=(),
        default_parameter=Parameter(negative=()),
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    return app(list(arguments), print_error=False, exit_on_error=False)


def _load(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise CommandError(
            f"the demo {name} cannot be imported",
            str(error),
            "correct  demo  in config/amphibus.toml",
            Exit.USAGE,
        ) from error
