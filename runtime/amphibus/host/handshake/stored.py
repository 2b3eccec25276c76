"""The messages in the stores of this process, read by the code that is to handle them."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from amphibus.contract import Message, personal_fields
from amphibus.contract.bounds import bounds_of
from amphibus.database.facts import fact, note_fact
from amphibus.database.sql import Sql
from amphibus.database.steering.stored import StoredKind, stored_kinds, stored_of
from amphibus.database.store import writing_alone
from amphibus.database.timers import timers_named
from amphibus.errors import Undecodable
from amphibus.host.handshake.comparison import Findings, Misfit
from amphibus.host.module_host import ModuleHost
from amphibus.host.own_contracts import OwnContracts
from amphibus.inbox.process_versions import left_behind
from amphibus.messages.envelope import Envelope
from amphibus.messages.json_text import read_json
from amphibus.routing.codec import Codec
from amphibus.routing.topology import processes_of
from amphibus.telemetry.privacy import MASK, describe

_FACT: Final = "contracts"
_MOST_READ: Final = 10_000
"""The messages of one kind that are read."""
_SECONDS: Final = 5.0
"""The time for the messages of one module."""
_AGAIN_SECONDS: Final = 10.0
"""The time after which an operator may have mended what a process waits for."""
_TURN: Final = 100
"""Messages that are read before others get a turn of the loop."""
_DEAD: Final = "dead"


@dataclass(slots=True)
class _Refused:
    """The messages of one kind that cannot be read."""

    count: int = 0
    read: int = 0
    first: Envelope | None = None
    why: str = ""


class Stored:
    """Compares the store of one module with the code. Reads messages only where a contract has changed."""

    def __init__(self, hosted: ModuleHost, own: OwnContracts) -> None:
        self._hosted = hosted
        self._own = own
        self._codec = Codec(hosted.module, own.topology)
        self._found: Findings | None = None
        self._again = 0.0

    async def findings(self) -> Findings:
        """Reads what waits; nothing if the code is that of the last start. While a process waits, once in a while."""
        if self._found is None or time.monotonic() > self._again:
            self._found = await self._look_through()
            self._again = time.monotonic() + _AGAIN_SECONDS
        return self._found

    async def _look_through(self) -> Findings:
        sql = self._hosted.store.reader
        noted = json.loads(await fact(sql, _FACT) or "{}")
        if noted.get("digest") == self._own.digest:
            return Findings()
        found = await self._processes(sql)
        ends = time.monotonic() + _SECONDS
        for kind in await stored_kinds(sql):
            if not kind.type.startswith("timer:"):
                await self._look(found, sql, kind, noted.get("fingerprints", {}), ends)
        return found

    async def note(self) -> None:
        """Notes the contracts that the store was found to fit, for the next start."""
        sql = self._hosted.store.reader
        if json.loads(await fact(sql, _FACT) or "{}").get("digest") == self._own.digest:
            return
        uses = await asyncio.to_thread(lambda: self._own.uses)
        used = {each.type: each.fingerprint for each in uses}
        said = json.dumps({"digest": self._own.digest, "fingerprints": used})
        async with writing_alone(self._hosted.store) as writing:
            await note_fact(writing, _FACT, said)

    async def _look(
        self,
        found: Findings,
        sql: Sql,
        kind: StoredKind,
        noted: Mapping[str, str],
        ends: float,
    ) -> None:
        read = self._reader_of(kind)
        if read is not None and self._own.fingerprint(kind.type) == noted.get(kind.type, "none"):
            return
        refused = await self._refused(sql, kind, read, ends)
        if refused.read < kind.rows:
            found.unknown.append(
                f"{kind.rows - refused.read} of {self._place(kind, kind.rows)} were not read"
            )
        if refused.count:
            misfit = self._misfit(kind, refused)
            (found.told if kind.place == _DEAD else found.misfits).append(misfit)

    def _reader_of(self, kind: StoredKind) -> Callable[[Envelope], object] | None:
        """Returns what reads such a message as its receiver does; None where nobody takes the type."""
        if kind.receiver in ("", self._hosted.name):
            return self._decode
        topology, contract = self._own.topology, self._own.contract(kind.type)
        owner = topology.owners.get(kind.type)
        takes = kind.receiver == owner or kind.receiver in topology.subscribers.get(kind.type, ())
        if contract is None or not takes:
            return None
        return lambda envelope: _read(contract, envelope)

    def _decode(self, envelope: Envelope) -> object:
        return self._codec.decode(envelope, self._codec.entry(envelope))

    async def _refused(
        self,
        sql: Sql,
        kind: StoredKind,
        read: Callable[[Envelope], object] | None,
        ends: float,
    ) -> _Refused:
        refused = _Refused()
        async for envelope in stored_of(sql, kind, limit=_MOST_READ):
            if time.monotonic() > ends:
                break
            refused.read += 1
            if refused.read % _TURN == 0:
                await asyncio.sleep(0)
            why = (
                f"module {kind.receiver} does not take it" if read is None else _why(read, envelope)
            )
            if why:
                refused.count += 1
                refused.first, refused.why = refused.first or envelope, refused.why or why
        return refused

    def _misfit(self, kind: StoredKind, refused: _Refused) -> Misfit:
        assert refused.first is not None
        where = self._place(kind, refused.count)
        document = _masked(refused.first, self._own.contract(kind.type))
        what = f"{where} cannot be read: {refused.why}"
        return Misfit(kind.type, where, what, document, refused.count)

    def _place(self, kind: StoredKind, count: int) -> str:
        number = f"{count} message{'' if count == 1 else 's'}"
        to = f" for {kind.receiver}" if kind.receiver else ""
        places = {
            "outbox": f"in the outbox of {self._hosted.name}{to}",
            "later": f"that {self._hosted.name} sends later{to}",
            "delayed": f"delayed in {self._hosted.name}",
            _DEAD: f"among the dead letters of {self._hosted.name}",
        }
        return f"{number} {places[kind.place]}"

    async def _processes(self, sql: Sql) -> Findings:
        """The processes and deadlines that the code would lose."""
        found, name = Findings(), self._hosted.name
        processes = processes_of(self._hosted.module)
        for each in [it for process in processes for it in await left_behind(sql, process)]:
            document = {"process": each.process, each.kind: each.name, "keys": list(each.keys)}
            said = f"{each.what}; declare {each.fix}"
            found.misfits.append(Misfit(name, f"the store of {name}", said, document, each.count))
        known = {each.name for each in processes}
        for timer, count in (await timers_named(sql, "")).items():
            if timer.split("/")[0] not in known:
                what = f"{count} deadlines are armed that no process of {name} has"
                found.misfits.append(
                    Misfit(name, f"the store of {name}", what, {"deadline": timer}, count)
                )
        return found


def _read(contract: type[Message], envelope: Envelope) -> object:
    read_json(envelope.body, bounds_of(contract))
    return contract.model_validate_json(envelope.body)


def _why(read: Callable[[Envelope], object], envelope: Envelope) -> str:
    """Returns why a message cannot be read, without its values."""
    try:
        read(envelope)
    except Undecodable as error:
        return error.why or error.what
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a validator of the project may raise anything
        return describe(error)
    return ""


def _masked(envelope: Envelope, contract: type[Message] | None) -> dict[str, Any]:
    """The message without its personal fields; of one that no contract describes, the names of its fields alone."""
    try:
        body = json.loads(envelope.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return {"id": envelope.id}
    if contract is None:
        return {"id": envelope.id, **dict.fromkeys(body, MASK)}
    hidden = {path.split(".")[0].split("[")[0] for path in personal_fields(contract)}
    shown = {
        name: MASK if name in hidden or name not in contract.model_fields else value
        for name, value in body.items()
    }
    return {"id": envelope.id, **shown}
