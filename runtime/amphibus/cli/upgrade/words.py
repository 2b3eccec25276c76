"""The public words that changed, each with the one that is understood now. CHANGELOG.md tells of them."""

from typing import Final

from amphibus.config.correction import FORMER, PREFIX

IMPORTS: Final = {"amphibus.store": "amphibus.columns"}
"""Modules of Amphibus that a project may import, by their former names."""
HARNESS: Final = {"parked": "delayed"}
"""Methods of `amphibus.testing.Harness`."""
WORDS: Final = {
    "amphibus_parked": "amphibus_delayed",
    "amphibus_postponed_total": "amphibus_delayed_total",
    "message.parked": "message.delayed",
    "park.before": "delay.before",
    "park.after": "delay.after",
    **{
        PREFIX + old.upper().replace(".", "__"): PREFIX + new.upper().replace(".", "__")
        for old, new in FORMER.items()
        if "*" not in old
    },
}
"""Metrics, log events, failpoints and variables: they stand in dashboards, alert rules, scripts and workflows."""
BY_HAND: Final = {
    "set_timer": "context.send(COMMAND, after=timedelta(...)) sends a command later",
    "cancel_timer": "context.recall(NAME, KEY) takes back what was sent later under a name",
}
"""Methods of `Context` that went, each with what does the same now."""
