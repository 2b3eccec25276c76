"""`amphibus contracts personal-data`: who receives which personal data, and why."""

from amphibus.cli import options
from amphibus.cli.output import show_columns, show_json, unknown


def personal_data(receiver: str | None = None, /, *, as_json: options.AsJson = False) -> None:
    """Show who receives which personal data with which message, and why.

    The reason is the purpose of the contract's mark, which the receiver's front page declares. HTTP
    clients have none; what a module does not read, it says by `ignores`.
    Example: amphibus contracts personal-data notifications

    Args:
        receiver: Only this module or outside program.
    """
    from amphibus.routing.personal_data import CLIENTS, receipts
    from amphibus.routing.topology import build_topology

    project = options.project()
    topology = build_topology(project.modules.values(), project.contracts)
    producers = options.settings(mode="distributed").producers
    found = receipts(project.modules.values(), topology, producers)
    if receiver is not None:
        known = [*project.modules, *producers, CLIENTS]
        if receiver not in known:
            raise unknown("module or program", receiver, known, "amphibus modules")
        found = [each for each in found if each.who in (receiver, f"producer {receiver}")]
    if as_json:
        show_json([each.as_json() for each in found])
        return
    reasons = {"reads": "", "ignores": "does not read it", "nothing": "does not say what for"}
    show_columns(
        ("RECEIVER", "CONTRACT", "FIELD", "CATEGORY", "WHY"),
        [
            (
                each.who,
                each.contract,
                each.field,
                each.mark.category,
                reasons[each.said] or each.mark.purpose or "-",
            )
            for each in found
        ],
    )
