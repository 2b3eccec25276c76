"""The answers by which processes compare their contracts. Times are microseconds since the epoch."""

from amphibus.contract import Value


class ContractUse(Value):
    """The use that one module makes of a contract."""

    module: str
    type: str
    fingerprint: str
    """Empty for a type of which the process has no contract."""
    writes: bool
    """It sends, asks or publishes it; otherwise it takes it."""
    to: tuple[str, ...] = ()
    """The modules that get it, if it is written."""


class ProcessContracts(Value):
    """The contracts of a process, as far as the asking one does not have the same."""

    digest: str
    """Of the code of all contracts, and of who takes and sends them."""
    stage: str
    """`checking` or `waiting` before it takes work, then `joined`."""
    since: int
    """The time since which it is in that stage."""
    version: str
    modules: tuple[str, ...]
    uses: tuple[ContractUse, ...] = ()


class ContractForms(Value):
    """Some contracts in the form in which a lock holds them."""

    forms: tuple[str, ...]
    """Each a JSON text; of what is not known there is none."""
