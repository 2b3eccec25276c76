"""Defects of traces, and of what is exported for a team's own monitoring."""

from tests.mutants.defect import in_runtime

_TREE = "tests/tracing/test_traces.py::test_an_order_is_one_trace_and_names_nobody"
_NUMBERS = "tests/tracing/test_numbers_and_lines.py::"
_ASKED = "tests/documents/test_monitoring.py::test_what_is_asked_for_is_served_under_that_name_and_with_these_labels"

TRACING = (
    in_runtime(
        "a message names another span than the one that sends it",
        "telemetry/tracing/spans",
        "                    identity=envelope.trace,\n                    at=began,",
        "                    at=began,",
        _TREE,
    ),
    in_runtime(
        "what a handler sends begins a trace of its own",
        "inbox/executor",
        "        transaction.send(leaving, within)",
        '        transaction.send(leaving, "")',
        _TREE,
    ),
    in_runtime(
        "a flow that nobody wants traced is traced",
        "telemetry/tracing/traceparents",
        "    return len(trace) == _LENGTH and trace[-1] in _SAMPLED",
        "    return len(trace) == _LENGTH",
        _TREE,
    ),
    in_runtime(
        "the span of an outside step is left out",
        "inbox/outside_step",
        "call if attempt.span is None else attempt.span.outside(call)",
        "call",
        _TREE,
    ),
    in_runtime(
        "an endpoint is enough to trace though traces are off",
        "telemetry/tracing/wanted",
        'if each.strip() != "none"',
        "if each.strip()",
        "tests/tracing/test_wanted.py::test_nothing_is_traced_unless_a_variable_asks_for_it",
    ),
    in_runtime(
        "a span tells an error in its own words",
        "telemetry/tracing/spans",
        "span.set_status(Status(StatusCode.ERROR, describe(error, message)))",
        "span.set_status(Status(StatusCode.ERROR, str(error)))",
        "tests/tracing/test_spans.py::test_an_error_is_told_without_personal_data_and_a_refusal_is_none",
    ),
    in_runtime(
        "an alert asks for a metric that there is not",
        "documents/monitoring/alerts",
        "max by (module) (amphibus_outbox_oldest_seconds) > 60",
        "max by (module) (amphibus_outbox_age_seconds) > 60",
        _ASKED,
    ),
    in_runtime(
        "an alert goes by a label that its metric lacks",
        "documents/monitoring/alerts",
        "sum by (module) (amphibus_partitions) == 0",
        "sum by (module, type) (amphibus_partitions) == 0",
        _ASKED,
    ),
    in_runtime(
        "an alert has no paragraph",
        "documents/monitoring/alerts",
        '"AmphibusLoopLate"',
        '"AmphibusLoopBehind"',
        "tests/documents/test_monitoring.py::test_every_alert_has_a_paragraph_with_something_to_type",
    ),
    in_runtime(
        "what waits is told without its destination",
        "telemetry/gauges",
        'labels = [module, *more.split("/", 1)] if more else [module]',
        "labels = [module]",
        _ASKED,
    ),
    in_runtime(
        "a bucket of an exported histogram holds the smaller ones too",
        "telemetry/otlp/points",
        "[here - before for before, here in",
        "[here - 0 * before for before, here in",
        f"{_NUMBERS}test_numbers_and_lines_come_over_http",
    ),
    in_runtime(
        "what is said of a collector that is away is sent to it",
        "telemetry/otlp/lines",
        '        if str(line.get("logger", "")).startswith(_EXPORTER):',
        '        if str(line.get("logger", "")) == _EXPORTER:',
        f"{_NUMBERS}test_numbers_and_lines_come_over_http",
    ),
    in_runtime(
        "a flow that nobody traces stands beside the times",
        "telemetry/metrics",
        "    if switch.spans is None or trace[-2:] != _SAMPLED:",
        "    if switch.spans is None:",
        f"{_NUMBERS}test_numbers_and_lines_come_over_http",
    ),
)
