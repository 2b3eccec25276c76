"""The things that an answer or an act needs beside the store: the time, the parts of the module, its contracts."""

from collections.abc import Callable
from dataclasses import dataclass

from amphibus.contract import Message
from amphibus.database.acting.retrying import Overtaken, PartitionOf
from amphibus.module import PersonalRows

ContractOf = Callable[[str], type[Message] | None]
"""The contract of a type, or None where it is not known."""


def unknown(_type: str) -> type[Message] | None:
    """Returns None: no contract is known."""
    return None


@dataclass(frozen=True, slots=True)
class Acting:
    """The place and time of an answer or an act."""

    now: int
    """By the store's clock."""
    partition_of: PartitionOf
    contract_of: ContractOf = unknown
    personal: tuple[PersonalRows, ...] = ()
    """The tables of the module that have personal data."""
    overtaken: Overtaken | None = None
    """Knows which letters are late, where somebody has looked beforehand."""
