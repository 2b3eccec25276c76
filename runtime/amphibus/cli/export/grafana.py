"""`amphibus export grafana`: a dashboard for Grafana and alert rules for Prometheus."""

import json
from pathlib import Path

from amphibus.cli import options
from amphibus.cli.output import CommandError


def grafana(*, to: Path = Path("monitoring")) -> None:
    """Export a dashboard for Grafana, and alert rules for Prometheus.

    Prometheus reads the rules as one of its rule_files; Grafana imports the dashboard. What each alert means, and
    what to type then, is in docs/operations.md.
    Example: amphibus export grafana --to=monitoring

    Args:
        to: The folder for dashboard.json and alerts.yml.
    """
    from amphibus.documents.monitoring.dashboard import dashboard
    from amphibus.documents.monitoring.rules import rules

    app = options.settings().app
    shown = json.dumps(dashboard(app), indent=2, ensure_ascii=False) + "\n"
    try:
        to.mkdir(parents=True, exist_ok=True)
        for name, text in (("dashboard.json", shown), ("alerts.yml", rules())):
            (to / name).write_text(text, encoding="utf-8")
            print(to / name)
    except OSError as error:
        raise CommandError(
            f"cannot write to {to}",
            error.strerror or str(error),
            "amphibus export grafana --to=/tmp/monitoring",
        ) from None
