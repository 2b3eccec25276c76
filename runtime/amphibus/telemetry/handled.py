"""The counts of what a process has handled, read from its metrics for those who ask it."""

from collections import defaultdict
from typing import Any, Final

from amphibus.messages.contracts.amphibus.handled_answers import HandledType, HandledTypes
from amphibus.telemetry.metrics import Meters

_COUNTS: Final = ("handled", "refused", "delayed", "died")
_SECONDS: Final = "amphibus_handler_seconds"
_SHARE: Final = 0.95
_Labels = tuple[str, str]
"""The module and the type."""


async def count_handled(meters: Meters, _asked: object = None) -> HandledTypes:
    """Returns what is counted by module and type."""
    counts: dict[_Labels, dict[str, float]] = defaultdict(dict)
    buckets: dict[_Labels, list[tuple[float, float]]] = defaultdict(list)
    for sample in _samples(meters):
        of = (sample.labels["module"], sample.labels["type"])
        if sample.name == f"{_SECONDS}_bucket":
            buckets[of].append((float(sample.labels["le"]), sample.value))
        else:
            counts[of][sample.name.removeprefix("amphibus_")] = sample.value
    return HandledTypes(
        types=tuple(_handled(of, each, buckets[of]) for of, each in sorted(counts.items()))
    )


def _samples(meters: Meters) -> list[Any]:
    wanted = [f"amphibus_{name}_total" for name in _COUNTS]
    wanted += [f"{_SECONDS}_bucket", f"{_SECONDS}_sum"]
    families = meters.registry.restricted_registry(wanted).collect()
    return [sample for family in families for sample in family.samples if sample.name in wanted]


def _handled(
    of: _Labels, counts: dict[str, float], buckets: list[tuple[float, float]]
) -> HandledType:
    numbers = {name: int(counts.get(f"{name}_total", 0)) for name in _COUNTS}
    seconds = counts.get("handler_seconds_sum", 0.0)
    return HandledType(
        module=of[0], type=of[1], **numbers, seconds=round(seconds, 6), slow=_slow(buckets)
    )


def _slow(buckets: list[tuple[float, float]]) -> float:
    """Returns the bound of the bucket in which the slow ones begin; the largest known one for what is beyond."""
    ordered = sorted(buckets)
    wanted = _SHARE * ordered[-1][1] if ordered else 0.0
    if not wanted:
        return 0.0
    found = next(bound for bound, count in ordered if count >= wanted)
    return found if found != float("inf") else ordered[-2][0]
