"""`amphibus broker`: users, rights and queues at the broker, made from the front pages."""

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from amphibus.cli import options
from amphibus.cli.broker.control import Control
from amphibus.cli.output import GREEN, Exit, paint, plural, printable, show_json, typed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amphibus.cli.broker.http import HttpControl
    from amphibus.config.settings import Settings

_FILE = "broker-users.json"
Users = Annotated[
    Path | None,
    Parameter(
        help="File of the users' passwords; broker-users.json in the data folder by default."
    ),
]
VHost = Annotated[str | None, Parameter(help="Virtual host, if not that of --amqp or /.")]
Ctl = Annotated[
    str,
    Parameter(
        help="Command that runs rabbitmqctl, such as 'docker compose exec -T rabbitmq rabbitmqctl'."
    ),
]

Management = Annotated[
    str | None,
    Parameter(help="Management interface to use instead, http://HOST:15672, or @FILE with it."),
]


def definitions(
    *,
    users: Users = None,
    vhost: VHost = None,
    urls: Path | None = None,
    at: str = "localhost:5672",
    to: Path | None = None,
) -> None:
    """Print users, rights, exchanges and queues as definitions for import_definitions or load_definitions.

    Missing passwords are made up and written to the file of users. The output holds only
    their hashes.
    Example: amphibus broker definitions --to definitions.json

    Args:
        urls: Also write each user's AMQP URL to <urls>/<name>/amqp-url, for AMPHIBUS_AMQP_URL_FILE.
        at: Host and port in those URLs.
        to: Write to this file instead of printing.
    """
    plan = Plan(users, vhost)
    text = json.dumps(plan.wanted(), indent=2) + "\n"
    if urls is not None:
        plan.write_urls(urls, at)
    if to is None:
        print(text, end="")
    else:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(text, encoding="utf-8")


def apply(
    *,
    users: Users = None,
    vhost: VHost = None,
    rabbitmqctl: Ctl = "rabbitmqctl",
    management: Management = None,
    dry_run: options.DryRun = False,
) -> None:
    """Create the users, rights, exchanges, queues and bindings at the broker that the front pages need.

    A second run changes nothing. It never removes queues or the messages in them.
    Example: amphibus broker apply --management @management-url
    """
    from amphibus.transports.rabbitmq.rights.definitions import (
        superfluous_rights,
        superfluous_users,
    )

    plan = Plan(users, vhost)
    control = _control(rabbitmqctl, management)
    found = control.export()
    wanted = plan.wanted(make=not dry_run)
    changes = plan.differences(wanted, found)
    steps = [list(each) for each in superfluous_rights(wanted, found)]
    steps += [["delete_user", name] for name in superfluous_users(wanted, found, plan.prefix)]
    for each in changes:
        print(printable(str(each)))
    if dry_run:
        control.show(steps)
        return
    if changes:
        for step in steps:
            control.run(*step)
        control.load(wanted)
    left = plan.differences(wanted, control.export()) if changes else []
    if left:
        print("\nLeft, since it may hold messages or be in use; remove it by hand:")
        print("\n".join(left))
    count = plural(len(wanted["users"]), "user")
    print(f"{paint('ok', GREEN)}  {count}; passwords in {plan.path}")


def check(
    *,
    users: Users = None,
    vhost: VHost = None,
    rabbitmqctl: Ctl = "rabbitmqctl",
    management: Management = None,
    as_json: options.AsJson = False,
) -> int:
    """Compare the broker with the front pages; exit code 3 if it differs.

    Example: amphibus broker check --json
    """
    plan = Plan(users, vhost)
    wanted = plan.wanted(make=False)
    found = plan.differences(wanted, _control(rabbitmqctl, management).export())
    if as_json:
        show_json(found)
    elif found:
        print("\n".join(found))
        print(typed(f"\n{plural(len(found), 'difference')}; amphibus broker apply"))
    else:
        print(f"{paint('ok', GREEN)}  the broker is as the front pages say")
    return Exit.PROBLEMS if found else Exit.OK


def _control(rabbitmqctl: str, management: str | None) -> "Control | HttpControl":
    if management is None:
        return Control(shlex.split(rabbitmqctl))
    from amphibus.cli.broker.http import HttpControl

    return HttpControl(management)


class Plan:
    """The wanted state of the broker, for the project that the current folder lies in."""

    def __init__(self, users: Path | None, vhost: str | None) -> None:
        from amphibus.cli.passwords import read_passwords
        from amphibus.transports.rabbitmq.names import Names

        topology = options.project().topology()
        self._settings: Settings = options.settings(mode="distributed")
        partitions = self._settings.bus.partitions
        self._names: Names = Names(self._settings.app, self._settings.env, partitions, topology)
        self.path = users.absolute() if users else self._settings.data_dir / _FILE
        self.known: Mapping[str, str] = read_passwords(self.path)
        self._vhost = vhost or _vhost_of(self._settings)

    @property
    def prefix(self) -> str:
        """The prefix of all our names."""
        return self._names.prefix

    def wanted(self, *, make: bool = True) -> dict[str, Any]:
        """Returns the definitions; with `make`, makes and keeps the passwords that are missing."""
        from amphibus.cli.passwords import passwords
        from amphibus.transports.rabbitmq.rights.definitions import definitions, users_of

        users = users_of(self._names, self._settings.producers)
        if make:
            self.known = passwords(self.path, users)
        known = {user: self.known.get(user, "") for user in users}
        return definitions(self._names, self._settings.producers, known, self._vhost)

    def differences(self, wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
        """Returns the differences between the broker and the plan, in words."""
        from amphibus.transports.rabbitmq.rights.definitions import differences

        return list(differences(wanted, found, self.known, self.prefix))

    def write_urls(self, folder: Path, at: str) -> None:
        """Writes a folder for each user, with a file that its owner alone may read."""
        from urllib.parse import quote

        from amphibus.cli.passwords import write_secret

        for user, password in self.known.items():
            secret = f"{quote(user, safe='')}:{quote(password, safe='')}"
            url = f"amqp://{secret}@{at}/{quote(self._vhost, safe='')}\n"
            write_secret(folder / user.removeprefix(self.prefix) / "amqp-url", url)


def _vhost_of(settings: "Settings") -> str:
    from urllib.parse import unquote, urlsplit

    if settings.amqp_url is None:
        return "/"
    path = urlsplit(settings.amqp_url.get_secret_value()).path
    return unquote(path[1:]) or "/"
