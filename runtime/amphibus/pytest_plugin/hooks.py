"""The hooks of pytest: options, the marker `amphibus`, and a run of each test for each of its modes."""

from importlib.util import find_spec

import pytest

_MARKER = (
    "amphibus(modes=..., modules=..., settings=..., containers=..., at=...): "
    "how the fixture `office` runs the modules; see docs/testing.md"
)
_ASYNC = "pytest_asyncio"
"""What runs the tests; without it no fixture of ours exists."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds what `pytest --help` shows."""
    group = parser.getgroup("amphibus", "Amphibus")
    group.addoption(
        "--amphibus-modes",
        metavar="MODES",
        help="run the tests of modules in these modes only, e.g. memory,rabbitmq",
    )
    group.addoption(
        "--amphibus-strict",
        action="store_true",
        help="fail the tests whose server is missing; otherwise they are skipped",
    )
    parser.addini(
        "amphibus_modes",
        "the modes in which the tests of modules run",
        type="args",
        default=["memory", "memory+wire"],
    )


def pytest_configure(config: pytest.Config) -> None:
    """Adds the marker, and the fixtures where they can work."""
    config.addinivalue_line("markers", _MARKER)
    if find_spec(_ASYNC) is not None and find_spec("sqlalchemy") is not None:
        from amphibus.pytest_plugin import fixtures

        config.pluginmanager.register(fixtures, "amphibus-fixtures")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Has each test that `office` serves run once for each of its modes."""
    if "amphibus_mode" in metafunc.fixturenames:
        from amphibus.pytest_plugin.modes import modes_of

        modes = modes_of(metafunc.definition, metafunc.config)
        metafunc.parametrize("amphibus_mode", modes, ids=str, indirect=True)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Names what is not installed, where pytest would say that there is no such fixture."""
    marked = item.get_closest_marker("amphibus") is not None
    if marked and not item.config.pluginmanager.has_plugin("amphibus-fixtures"):
        pytest.fail(
            "tests of modules need more than is installed; "
            "type: pip install 'amphibus[server,testing]'",
            pytrace=False,
        )
