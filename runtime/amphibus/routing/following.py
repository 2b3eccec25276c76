"""Finds why nobody could wait for the outcome of a command that names one."""

from collections.abc import Iterator

from amphibus.contract import Message, kind_of


def problems_of_following(contract: type[Message]) -> Iterator[str]:
    """Yields in words what is wrong with the events that a contract follows."""
    if not contract.contract_follows:
        return
    http = contract.contract_http
    if http is None or not http.stored or http.location is None:
        yield "follows events, and has no Location at which a client could wait: Post(..., stored=True, location=...)"
    for each in contract.contract_follows:
        if kind_of(each) != "event" or each.contract_owner != contract.contract_owner:
            yield f"follows {each.contract_type}, which is no event of its own module"
