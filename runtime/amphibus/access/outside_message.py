"""A command as a program outside sends it: in its own name, for itself alone, and checked before anybody has it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from amphibus.access.operator import OPERATOR, this_operator
from amphibus.access.principal import Principal, attributes_of
from amphibus.clock import Clock, SystemClock
from amphibus.contract import Command, kind_of
from amphibus.contract.texts import wrong_in
from amphibus.errors import ConfigError, Undeclared
from amphibus.messages.cloudevents import LONGEST, LONGEST_ID
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_trace

BODY_LIMIT_BYTES: Final = 4_194_304
"""Largest command that receivers take, where their configuration says nothing else."""


@dataclass(frozen=True)
class OutsideSender:
    """The name of a program outside, and what it may send.

    Raises:
        ConfigError: the name cannot be one.
    """

    source: str
    body_limit_bytes: int = BODY_LIMIT_BYTES
    clock: Clock = field(default_factory=SystemClock)

    def __post_init__(self) -> None:
        """Looks at the name, which every message will have."""
        if (why := wrong_in(self.source, LONGEST_ID)) is not None:
            raise ConfigError(f"the source {why}", "ids are told apart by it", 'source="loader"')

    @cached_property
    def principal(self) -> Mapping[str, str]:
        """The attributes that say for whom it sends."""
        said = this_operator() if self.source == OPERATOR else Principal(self.source, "service")
        return attributes_of(said)

    def body_of(self, command: Command[Any]) -> bytes:
        """Returns a command as JSON.

        Raises:
            Undeclared: it is no command of a contract.
            ConfigError: it is too large.
        """
        contract = type(command)
        if not contract.contract_type or kind_of(contract) != "command":
            raise Undeclared(
                f"{contract.contract_type or contract.__qualname__} is no command of a contract",
                "events are said by their owners alone, and queries are answered over HTTP",
                "send a Command of contracts/<module>/v<N>.py",
            )
        body = command.model_dump_json().encode()
        if len(body) > self.body_limit_bytes:
            raise ConfigError(
                f"{contract.contract_type} has {len(body):,} bytes",
                f"its receiver takes at most {self.body_limit_bytes:,}; it was not sent",
                "send it in parts",
            )
        return body

    def envelope(
        self,
        command: Command[Any],
        body: bytes,
        identity: str,
        *,
        correlation: str | None = None,
        causation: str | None = None,
    ) -> Envelope:
        """Returns a command as a message with an id.

        Raises:
            ConfigError: no receiver would take its id, its key, or the ids that it comes from.
        """
        contract = type(command).contract_type
        key = command.key_value()
        _check_line(contract, "id", identity, LONGEST["id"])
        _check_line(contract, "key", key or None, LONGEST["partitionkey"])
        _check_line(contract, "correlation", correlation or None, LONGEST["correlationid"])
        _check_line(contract, "causation", causation or None, LONGEST["causationid"])
        return Envelope(
            id=identity,
            type=contract,
            source=self.source,
            key=key,
            time=self.clock.now(),
            correlation=correlation or identity,
            causation=causation or None,
            trace=new_trace(),
            body=body,
            extra=self.principal,
        )


def _check_line(contract: str, name: str, text: str | None, most: int) -> None:
    why = None if text is None else wrong_in(text, most)
    if why is not None:
        raise ConfigError(
            f"the {name} of a {contract} {why}",
            "no receiver would take it; it was not sent",
            f"give it another {name}",
        )
