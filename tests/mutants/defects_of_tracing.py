"""Defects of traces."""

from tests.mutants.defect import in_runtime

_TREE = "tests/tracing/test_traces.py::test_an_order_is_one_trace_and_names_nobody"

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
)
