"""Modules of the shop in one process, hosted as `amphibus run` hosts them, with the outside replaced.

Setup: `modules` (all if empty), `data`, `mail_port`; `db_url` for PostgreSQL; `amqp_url` and `env` for the
distributed mode; `settings` of the runtime by dotted name; `guarded` if each request has to show who asks.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from dependency_injector import providers

from amphibus.access.scopes import EVERYTHING
from amphibus.admin.stores import FileStore
from amphibus.cli.run.collector import look_less_often
from amphibus.config.settings import Settings, load_settings
from amphibus.gateway.app import build_app
from amphibus.gateway.door import Door
from amphibus.host.containers import make_container
from amphibus.host.front_door import front_door
from amphibus.host.host import Host
from amphibus.host.http.server import HttpServer
from amphibus.routing.project import Project
from amphibus.routing.topology import GATEWAY
from amphibus.telemetry.logs import set_up
from tests.benchmarks.child import ROOT
from tests.benchmarks.child_process import Answering, Request
from tests.benchmarks.outside import Approving, Postbox

EFFECTS: Final[Mapping[str, str]] = {
    "orders": "SELECT count(*) FROM customer_order WHERE state = 'confirmed'",
    "inventory": "SELECT count(*) FROM reservation WHERE state = 'shipped'",
    "payments": "SELECT count(*) FROM transfer",
    "notifications": "SELECT count(*) FROM notification",
    "reporting": "SELECT coalesce(sum(confirmed), 0) FROM sales",
}
STOCK: Final[Mapping[str, str]] = {"inventory": "SELECT count(*) FROM stock WHERE on_hand > 0"}
COUNTED: Final[Mapping[str, Mapping[str, str]]] = {"effects": EFFECTS, "stock": STOCK}


@asynccontextmanager
async def contestant(setup: Mapping[str, Any]) -> AsyncIterator[Answering]:
    project = Project.find(ROOT)
    distributed = setup.get("amqp_url") is not None
    settings = load_settings(
        project.root,
        mode="distributed" if distributed else "monolith",
        flags={"port": 0, "data_dir": Path(setup["data"]), "log_format": "json"}
        | {name: setup[name] for name in ("db_url", "amqp_url", "env") if setup.get(name)}
        | setup.get("settings", {}),
        environ={},
    )
    set_up(settings.log_format, settings.log_level)
    names = tuple(setup.get("modules") or project.modules)
    host = Host(
        project,
        settings,
        names,
        transport=_transport(project, settings) if distributed else None,
        containers=_containers(project, settings, names, setup["mail_port"]),
    )
    await host.start()
    key = await _key(settings) if setup.get("guarded") else ""
    server = await _serve(host, settings, guarded=bool(key)) if GATEWAY in names else None
    look_less_often()
    try:
        yield Answering(_Answers(host), {"url": server.url if server else "", "key": key})
    finally:
        if server is not None:
            await server.stop()
        await host.stop()


class _Answers:
    def __init__(self, host: Host) -> None:
        self._host = host

    async def __call__(self, request: Request) -> Any:
        if request["do"] in COUNTED:
            counted = COUNTED[request["do"]]
            return {
                name: int((await hosted.store.reader.rows(counted[name]))[0][0])
                for name, hosted in self._host.modules.items()
                if name in counted
            }
        if request["do"] == "idle":
            return await self._host.idle()
        raise ValueError(request["do"])


def _transport(project: Project, settings: Settings) -> Any:
    from amphibus.clock import SystemClock
    from amphibus.transports.registry import make

    return make("rabbitmq", project.topology(), settings, SystemClock())


def _containers(
    project: Project, settings: Settings, names: tuple[str, ...], mail_port: int
) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if "payments" in names:
        payments = made["payments"] = make_container(project.modules["payments"], settings)
        assert payments is not None
        payments.provider.override(providers.Object(Approving()))
    if "notifications" in names:
        mails = made["notifications"] = make_container(project.modules["notifications"], settings)
        assert mails is not None
        mails.mailer.override(providers.Object(Postbox(mail_port)))
    return made


async def _key(settings: Settings) -> str:
    """Makes an API key that may do everything; returns its text."""
    from tests.access.counter import key

    gateway = FileStore(settings.data_dir / f"{GATEWAY}.db", settings.bus.partitions)
    return await key(gateway, "bench", EVERYTHING)


async def _serve(host: Host, settings: Settings, *, guarded: bool) -> HttpServer:
    store = host.accepted_store()
    door = Door(unnamed="developer")
    if guarded:
        door = front_door(ROOT, settings, store.api_key, host.clock)
    app = build_app(
        store,
        settings.gateway,
        health=host.health,
        meters=host.meters,
        door=door,
        title=settings.app,
    )
    server = HttpServer(app, settings)
    await server.start()
    return server
