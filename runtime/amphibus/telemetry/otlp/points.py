"""The metrics of `/metrics` in the words of OpenTelemetry: the same numbers under the same names."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    Sum,
)
from prometheus_client import Metric as Family
from prometheus_client.samples import Sample

_CUMULATIVE: Final = AggregationTemporality.CUMULATIVE
_SECONDS: Final = "_seconds"
_BYTES: Final = "_bytes"
_NANO: Final = 1_000_000_000
_UNKNOWN: Any = None
"""The least and the most: nobody keeps them, and the protocol needs none."""


def metrics_of(families: Iterable[Family], began: int, now: int) -> list[Metric]:
    """Returns what some families say now; what is counted was counted since `began`, both in nanoseconds."""
    return [
        Metric(each.name, each.documentation, _unit(each.name), _data(each, began, now))
        for each in families
        if each.samples
    ]


def _unit(name: str) -> str:
    if name.endswith(_SECONDS):
        return "s"
    return "By" if name.endswith(_BYTES) else ""


def _data(family: Family, began: int, now: int) -> Any:
    if family.type == "histogram":
        return Histogram(list(_histograms(family, began, now)), _CUMULATIVE)
    if family.type == "counter":
        counted = [each for each in family.samples if each.name.endswith("_total")]
        return Sum([_number(each, began, now) for each in counted], _CUMULATIVE, is_monotonic=True)
    return Gauge([_number(each, 0, now) for each in family.samples])


def _number(sample: Sample, began: int, now: int) -> NumberDataPoint:
    return NumberDataPoint(dict(sample.labels), began, now, float(sample.value))


def _histograms(family: Family, began: int, now: int) -> Iterator[HistogramDataPoint]:
    """Yields a point for each set of labels; buckets that hold the smaller ones too are taken apart."""
    sets: dict[tuple[tuple[str, str], ...], list[Sample]] = {}
    for each in family.samples:
        labels = tuple((name, text) for name, text in each.labels.items() if name != "le")
        sets.setdefault(labels, []).append(each)
    for labels, samples in sets.items():
        buckets = [each for each in samples if each.name.endswith("_bucket")]
        total = next((each.value for each in samples if each.name.endswith("_sum")), 0.0)
        counts = [int(each.value) for each in buckets]
        yield HistogramDataPoint(
            dict(labels),
            began,
            now,
            counts[-1],
            total,
            [here - before for before, here in zip([0, *counts], counts, strict=False)],
            [float(each.labels["le"]) for each in buckets[:-1]],
            _UNKNOWN,
            _UNKNOWN,
            list(_exemplars(buckets)),
        )


def _exemplars(buckets: Iterable[Sample]) -> Iterator[Exemplar]:
    for each in buckets:
        known = each.exemplar
        if known is not None:
            trace, span = (int(known.labels[name], 16) for name in ("trace_id", "span_id"))
            at = int(float(known.timestamp or 0) * _NANO)
            yield Exemplar({}, known.value, at, span, trace)
