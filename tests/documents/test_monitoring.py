"""What is exported for Prometheus and Grafana: it asks for what there is, and every alert has its paragraph."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from amphibus.documents.monitoring.alerts import ALERTS, runbook_of
from amphibus.documents.monitoring.dashboard import PANELS, dashboard
from amphibus.documents.monitoring.rules import rules
from amphibus.telemetry.gauges import COUNTS, GAUGES
from amphibus.telemetry.metrics import Meters

ROOT = Path(__file__).parents[2]
_PAGE = (ROOT / "docs" / "operations.md").read_text()
_NAME = re.compile(r"\b(?:amphibus|process)_\w+")
_EXPRESSIONS = [
    *((each.name, each.expr) for each in ALERTS),
    *((panel.title, expr) for panel in PANELS for expr, _ in panel.queries),
]


async def _families() -> list[Metric]:
    """Everything that a process serves, once each kind of thing has happened."""
    meters = Meters()
    meters.served("GET", "/v1/orders", 200, 0.1)
    meters.handled("orders", "t", 0.1, 0.1)
    for each in (meters.refused, meters.retried, meters.delayed, meters.died):
        each("orders", "t")
    meters.task_restarted("writer:orders")
    meters.changed_way("orders", "direct")
    meters.unknown_broker("orders")
    meters.asked("direct")
    meters.stranger("late")
    named = dict.fromkeys((*GAUGES, *COUNTS), 1.0)

    async def numbers() -> dict[str, float]:
        return named | {"outbox_waiting payments": 2.0, "processes Order/paid": 1.0}

    meters.watch("orders", numbers)
    text = (await meters.exposition()).decode()
    return list(text_string_to_metric_families(text))


@pytest.mark.asyncio
@pytest.mark.parametrize(("where", "expr"), _EXPRESSIONS)
async def test_what_is_asked_for_is_served_under_that_name_and_with_these_labels(
    where: str, expr: str
) -> None:
    samples = {
        sample.name: set(sample.labels) for family in await _families() for sample in family.samples
    }
    asked = _NAME.findall(expr)
    assert asked, where
    assert [each for each in asked if each not in samples] == []
    known = {"instance"}.union(*(samples[each] for each in asked))
    by = {each.strip() for some in re.findall(r"by \(([^)]*)\)", expr) for each in some.split(",")}
    assert by <= known


@pytest.mark.asyncio
async def test_every_metric_of_the_page_is_served() -> None:
    samples = {sample.name for each in await _families() for sample in each.samples}
    named = {name.partition("{")[0] for name in re.findall(r"`(amphibus_[\w{}]+)`", _PAGE)}
    missing = {each for each in named if f"{each}_count" not in samples} - samples
    assert missing == set()


@pytest.mark.parametrize("alert", ALERTS, ids=lambda each: each.name)
def test_every_alert_has_a_paragraph_with_something_to_type(alert: Any) -> None:
    assert runbook_of(alert) == f"docs/operations.md#{alert.name.lower()}"
    _, found, rest = _PAGE.partition(f"\n### {alert.name}\n")
    assert found, "it is missing"
    paragraph = rest.partition("\n### ")[0]
    assert re.search(r"```sh\n(amphibus|curl) ", paragraph)
    assert alert.severity in ("warning", "critical")


def test_no_paragraph_is_left_of_an_alert_that_there_is_no_more() -> None:
    assert set(re.findall(r"^### (\w+)$", _PAGE, re.MULTILINE)) == {each.name for each in ALERTS}


def test_prometheus_takes_the_rules(tmp_path: Path) -> None:
    """Asks promtool, where there is one; the structure is looked at in any case."""
    text = rules()
    heads = re.findall(
        r"^      - alert: (\w+)\n        expr: (\".*\")\n        for: \d+m$", text, re.MULTILINE
    )
    assert [(name, json.loads(expr)) for name, expr in heads] == [
        (each.name, each.expr) for each in ALERTS
    ]
    assert text.count("          runbook: ") == len(ALERTS)
    for each in ALERTS:
        for opened, closed in ("()", "[]", "{}"):
            assert each.expr.count(opened) == each.expr.count(closed)
    promtool = shutil.which("promtool")
    if promtool is not None:
        (tmp_path / "alerts.yml").write_text(text)
        checked = subprocess.run(
            [promtool, "check", "rules", "alerts.yml"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_dashboard_is_whole() -> None:
    made = json.loads(json.dumps(dashboard("shop")))
    places = {(each["gridPos"]["x"], each["gridPos"]["y"]) for each in made["panels"]}
    assert len(places) == len(made["panels"]) == len({each["id"] for each in made["panels"]})
    assert all(each["gridPos"]["x"] + each["gridPos"]["w"] <= 24 for each in made["panels"])
    sources = {target["datasource"]["uid"] for each in made["panels"] for target in each["targets"]}
    assert sources == {"${prometheus}"}
    assert made["templating"]["list"][0]["name"] == "prometheus"
