"""The readers of a field that was removed, as the findings tell them: the contracts of the consumers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from amphibus.evolution.audience import Audience
from amphibus.evolution.findings import Finding
from amphibus.evolution.readers import Readers
from amphibus.routing.personal_data import Receipt

_REMOVED: Final = ("FLD05", "FLD06", "FLD07", "FLD08", "FLD09")
_NOBODY: Final = "nobody, as the tests have seen"
_FIRST_A_DEFAULT: Final = (
    "nobody reads it, but the classes that are deployed need it: give it a default, deploy the subscribers,"
    " and then remove it"
)


def with_readers(
    findings: Sequence[Finding], readers: Readers, audience: Audience
) -> list[Finding]:
    """Returns the findings with the readers of each field that was removed or renamed in an event.

    An optional field that every subscriber was seen not to read is safe to remove.
    """
    return [
        _with_readers(each, readers, audience)
        if each.position == "event" and each.rule in _REMOVED and readers.found
        else each
        for each in findings
    ]


def _with_readers(finding: Finding, readers: Readers, audience: Audience) -> Finding:
    who = [each for each in audience.users(finding.contract) if not each.startswith("producer ")]
    programs = [each for each in audience.users(finding.contract) if each not in who]
    read = readers.of(finding.contract, finding.where)
    said = [
        f"{module} ({', '.join(filter(None, tests)) or 'as recorded'})"
        for module, tests in read.items()
    ]
    said += [
        f"{each}: not known, no test has given it one"
        for each in readers.unknown(finding.contract, who)
    ]
    said += [f"{each}: not known, it is outside" for each in programs]
    if said:
        return replace(finding, read_by=tuple(said))
    if finding.rule == "FLD06":
        return replace(finding, severity="info", read_by=(_NOBODY,))
    instead = _FIRST_A_DEFAULT if finding.rule == "FLD05" else finding.instead
    return replace(finding, read_by=(_NOBODY,), instead=instead)


def read_in_spite(receipts: Iterable[Receipt], readers: Readers) -> Iterator[str]:
    """Says which modules read personal data that they declare not to read."""
    for each in receipts:
        tests = readers.of(each.contract, each.field).get(each.who)
        if each.said == "ignores" and tests is not None:
            shown = f" ({', '.join(filter(None, tests))})" if any(tests) else ""
            yield (
                f'module {each.who} ignores "{each.mark.category}" and reads {each.field} of '
                f'{each.contract}{shown}: declare purposes=("{each.mark.purpose}",)'
            )
