"""Servers that more than one folder of tests needs, started when the first test asks; our options of pytest."""

import contextlib
from collections.abc import Generator, Iterator

import pytest
import structlog
from hypothesis import HealthCheck, Phase, settings

from tests.services import postgres, rabbitmq
from tests.services.installing import program

# How long an example takes says how busy the machine is, and nothing of what is tested.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# For who only asks whether an example fails, and not which is the smallest that does.
settings.register_profile(
    "any", settings.get_profile("steady"), phases=(Phase.explicit, Phase.generate)
)
settings.load_profile("steady")

_PROGRAMS = {"node": "nodejs", "npm": "npm", "openssl": "openssl", "curl": "curl"}
"""What single tests need, and Debian's name of what brings it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds what `pytest --help` shows."""
    parser.addoption(
        "--rewrite", action="store_true", help="write the transcripts of the stories anew"
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Installs what is missing before tests run in several processes, of which apt serves one."""
    # Whoever then needs what could not be had says so.
    unavailable = contextlib.suppress(pytest.skip.Exception, pytest.fail.Exception)
    for find in (rabbitmq.scripts, postgres.programs):
        with unavailable:
            find()
    for name, package in _PROGRAMS.items():
        with unavailable:
            program(name, package)


@pytest.fixture(scope="session", autouse=True)
def _loggers_are_not_kept() -> Iterator[None]:
    """Has every logger look at how logs are set up: what one test had set up is not what the next one logs by."""
    configure = structlog.configure
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            structlog,
            "configure",
            lambda **given: configure(**given | {"cache_logger_on_first_use": False}),
        )
        yield


@pytest.fixture(scope="module", autouse=True)
def _logs_are_set_up_anew() -> Iterator[None]:
    """Has each file begin with logs that nobody has set up."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def broker() -> Iterator[str]:
    """The URL of a RabbitMQ that is ours alone, or of the given one."""
    yield from rabbitmq.broker_url()


@pytest.fixture
def fragile() -> Iterator[rabbitmq.RabbitNode]:
    """A node for one test alone: what a power failure leaves is nobody else's business."""
    node = rabbitmq.RabbitNode(rabbitmq.scripts())
    try:
        node.start()
        yield node
    finally:
        node.destroy()


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.PostgresCluster]:
    """A PostgreSQL cluster that nobody stops, for tests that make databases of their own in it."""
    yield from postgres.cluster()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds to a failure what the brokers wrote."""
    report = yield
    if report.failed:
        for node in rabbitmq.RabbitNode.alive:
            report.sections.append((f"RabbitMQ at {node.port}", node.said()))
    return report
