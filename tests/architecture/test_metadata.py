"""What the wheel imports is what it declares: nothing comes by way of another package."""

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions

import grimp
import pytest

from tests.architecture.tree import ROOT, place, python_files

PLACES = {
    "amphibus.contract": (),
    "amphibus.telemetry.tracing": ("server", "otel"),
    "amphibus.telemetry.otlp": ("server", "otel"),
    "amphibus.transports.rabbitmq": ("server", "rabbitmq"),
    "amphibus.database.postgres": ("server", "postgresql"),
    "amphibus.admin": ("server", "postgresql"),
    "amphibus.integrations": ("outbox",),
    "amphibus.integrations.fastapi": ("server",),
    "amphibus.integrations.faststream": ("outbox", "faststream"),
    "amphibus.testing.conformance": ("server", "testing"),
    "amphibus.pytest_plugin": ("server", "testing"),
}
"""The extras that a package of ours may count on; the rest has `server`."""
OURS_OR_PYTHONS = {
    "runtime/amphibus/config/settings.py",
    "runtime/amphibus/contract/inclusion/proof.py",
    "runtime/amphibus/telemetry/loop_watchdog.py",
    "runtime/amphibus/telemetry/metrics.py",
    "runtime/amphibus/testing/reads.py",
}


def test_every_import_is_declared_in_its_extra() -> None:
    """Else it works until a package that brought it along brings it no more."""
    missing = {
        f"{module} imports {name}, which is in none of {', '.join(extras) or 'dependencies'}"
        for module in _graph().modules
        if module.startswith("amphibus")
        for extras in [_extras(module)]
        for name in _foreign(module)
        if _distribution(name) not in _declared(*extras)
    }

    assert missing == set()


def test_every_declared_package_is_imported() -> None:
    """What nobody needs is not installed, unless the line says what it is there for."""
    imported = {
        _plain(each)
        for module in _graph().modules
        for name in _foreign(module)
        for each in _distributions()[name]
    }
    text = (ROOT / "runtime/pyproject.toml").read_text()
    excused = set(re.findall(r'^    "([a-z-]+)[^\n]*# not imported: ', text, re.MULTILINE))
    extras = tomllib.loads(text)["project"]["optional-dependencies"]

    assert _declared(*extras) - {"amphibus"} - excused - imported == set()
    assert excused.isdisjoint(imported)


def test_the_extra_all_brings_every_other_one() -> None:
    extras = tomllib.loads((ROOT / "runtime/pyproject.toml").read_text())["project"]
    (everything,) = extras["optional-dependencies"]["all"]

    assert set(re.split(r"[\[\],]", everything)[1:-1]) == {*extras["optional-dependencies"]} - {
        "all"
    }


def test_what_a_producer_loads_is_declared_for_producers() -> None:
    upstream = _graph().find_upstream_modules("amphibus.transports.rabbitmq.client")
    names = {
        name
        for module in {"amphibus.transports.rabbitmq.client", *upstream}
        if module.startswith("amphibus")
        for name in _foreign(module)
    }

    assert {_distribution(name) for name in names} <= _declared("producer")


@pytest.mark.parametrize("name", ["aiormq", "pamqp"])
def test_what_is_known_from_inside_ends_at_the_tested_minor(name: str) -> None:
    """Its next minor version may be another inside."""
    versions = [each for each in _requirements("rabbitmq") if each.startswith(f"{name}>")]
    (bounds,) = versions
    found = re.fullmatch(rf"{name}>=(\d+)\.(\d+),<(\d+)\.(\d+)", bounds)

    assert found is not None
    major, minor, next_major, next_minor = map(int, found.groups())
    assert (next_major, next_minor) == (major, minor + 1)


def test_what_is_known_from_inside_stands_where_versions_are_looked_at() -> None:
    """Elsewhere another version of the library would break what nobody guards."""
    inside = re.compile(
        r"\.(confirmations|message_id_delivery_tag|delivery_tag \+=|_reader_task)\b|\.unmarshal ="
    )
    knowing = {
        path.name for path in python_files("runtime/amphibus") if inside.search(path.read_text())
    }

    assert knowing == {"frame_reader.py", "publish_channel.py"}


def test_the_inside_of_a_library_is_touched_in_two_files() -> None:
    """It has a public fallback in both. The rest are our own, or documented by Python in spite of their names."""
    excused = {
        place(path)
        for path in python_files("runtime/amphibus")
        if "/conformance/" not in place(path) and "noqa: SLF001" in path.read_text()
    }

    assert excused - OURS_OR_PYTHONS == {
        "runtime/amphibus/transports/rabbitmq/frame_reader.py",
        "runtime/amphibus/transports/rabbitmq/publish_channel.py",
    }


@cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph("amphibus", include_external_packages=True, cache_dir=None)


def _foreign(module: str) -> Iterator[str]:
    for imported in _graph().find_modules_directly_imported_by(module):
        name = imported.partition(".")[0]
        if name != "amphibus" and name not in sys.stdlib_module_names:
            yield name


def _extras(module: str) -> tuple[str, ...]:
    fitting = [place for place in PLACES if f"{module}.".startswith(f"{place}.")]
    return PLACES[max(fitting, key=len)] if fitting else ("server",)


@cache
@cache
def _distributions() -> Mapping[str, list[str]]:
    """Every installed package with what brought it; each look takes a tenth of a second."""
    return packages_distributions()


def _distribution(name: str) -> str:
    return _plain(_distributions()[name][0])


def _declared(*extras: str) -> set[str]:
    found = _requirements(*extras)
    return {_plain(re.split(r"[\[<>=!~; ]", each)[0]) for each in found}


def _requirements(*extras: str) -> list[str]:
    project = tomllib.loads((ROOT / "runtime/pyproject.toml").read_text())["project"]
    more = project["optional-dependencies"]
    return [*project["dependencies"], *(each for extra in extras for each in more[extra])]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
