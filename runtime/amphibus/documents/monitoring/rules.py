"""Alert rules as Prometheus reads them."""

import json
from collections.abc import Iterator

from amphibus.documents.monitoring.alerts import ALERTS, Alert, runbook_of


def rules() -> str:
    """Returns the file of rules. Its texts are quoted as in JSON, which YAML reads."""
    head = "# Written by amphibus export grafana. What each alert means: docs/operations.md\n"
    return f"{head}groups:\n  - name: amphibus\n    rules:\n" + "".join(
        f"      {line}\n" for alert in ALERTS for line in _lines(alert)
    )


def _lines(alert: Alert) -> Iterator[str]:
    yield f"- alert: {alert.name}"
    yield f"  expr: {json.dumps(alert.expr)}"
    yield f"  for: {alert.lasts}"
    yield "  labels:"
    yield f"    severity: {alert.severity}"
    yield "  annotations:"
    yield f"    summary: {json.dumps(alert.says)}"
    yield f"    runbook: {json.dumps(runbook_of(alert))}"
