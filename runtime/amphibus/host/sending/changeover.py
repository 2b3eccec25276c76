"""Leads the messages of one sender past a broker that is away, and back; in order per receiver and key, both times.

A message may follow another one of its key only where the one before is safe. What was given to a broker may
be lost with it. So before anything goes directly, all that is under way is taken back, each receiver is asked what
has arrived of what the broker was given, and the rest waits in line again, under its old numbers. On the way
back, what is not acknowledged is taken back too, and goes to the broker before what follows it.

A broker that is not the one which was given the messages, since that was replaced by an empty one, is recognised
by the mark that it lacks; then the receivers are asked, too.
"""

import asyncio
import contextlib
import time
from collections.abc import Collection, Mapping
from typing import Any, Final

import structlog

from amphibus.database.outbox import destinations_waited_for
from amphibus.database.store import Store
from amphibus.database.upkeep.awaited import destinations_awaited
from amphibus.failpoints import failpoint
from amphibus.host.sending.lost_messages import LostMessages
from amphibus.host.sending.recognition import Recognition, SenderNotes
from amphibus.outbox.relay import Relay
from amphibus.partitions.assignment import PartitionAssignment
from amphibus.routing.topology import Topology
from amphibus.supervision import Supervisor
from amphibus.telemetry.metrics import Meters
from amphibus.transport import Bypass, Keeping, Marks

_log: Any = structlog.get_logger()
_LOOK_SECONDS: Final = 1.0


class Changeover:
    """A `Service`: the way of one sender's messages. Nothing leaves for a receiver that is being asked."""

    def __init__(
        self,
        module: str,
        *,
        store: Store,
        assignment: PartitionAssignment,
        relay: Relay,
        bypass: Bypass,
        keeping: Keeping | None,
        lost: LostMessages,
        notes: SenderNotes,
        topology: Topology,
        meters: Meters,
        supervisor: Supervisor,
    ) -> None:
        self._module = module
        self._store = store
        self._assignment = assignment
        self._relay = relay
        self._bypass = bypass
        self._keeping = keeping
        self._lost = lost
        self._notes = notes
        self._topology = topology
        self._meters = meters
        self._task = supervisor.task(f"way:{module}", self._work)
        self._wake = asyncio.Event()
        self._behind: frozenset[str] = frozenset()
        """The receivers that may lack what the broker was given. Nothing is sent to them before they were asked."""
        self._direct: frozenset[str] = frozenset()
        """Those to which messages go directly."""
        self._led = False
        """Messages have gone directly, and the way back has not been taken since."""
        self._rounds = 0
        self._unread = True
        """Partitions have come of which it is not known yet who has to be asked."""
        self._gains = 0
        """How often partitions have come."""
        self._withheld = False
        """There is a connection to a broker that is not recognised yet."""
        self._recognition = Recognition(
            notes,
            store.health,
            receivers=self._everybody,
            doubt=self._doubt,
            on_unknown=self._say_unknown,
        )
        self._since = 0.0

    async def start(self) -> None:
        """Begins to follow the broker; asks at once, if a process before this one did not come to its end."""
        if self._task.running:
            return
        self._bypass.on_change.append(self._wake.set)
        self._assignment.on_change.append(self._changed_hands)
        self._relay.hold()
        await self._notes.begin()
        await self._read_notes()
        if self._keeping is not None:
            self._keeping.follow(self._module, self)
        await self._task.start()

    async def started(self) -> None:
        """Returns once it follows."""
        await self._task.started()

    async def stop(self) -> None:
        """Ends; what was going directly is not changed by it."""
        if self._keeping is not None:
            self._keeping.follow(self._module, None)
        await self._task.stop()

    async def _work(self) -> None:
        while True:
            failpoint("task.changeover")
            self._wake.clear()
            try:
                await self._look()
                self._store.health.recovered("way")
            except Exception as error:  # noqa: BLE001 - the database may be away for a while
                self._store.health.failed("way", error)
            at_work = self._bypass.wanted or self._behind or self._direct or self._unread
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS if at_work else None):
                    await self._wake.wait()

    async def _look(self) -> None:
        if self._unread:
            await self._read_notes()
        if self._unread:
            return  # more partitions came meanwhile, and woke us: what is noted of them stands until it is read
        if not self._bypass.wanted and self._led:
            self._go_back()
        if self._bypass.wanted and (found := await self._reachable()):
            if not await self._noted(self._assignment.owned, self._behind.union(found)):
                return
            self._begin(found)
        if self._behind:
            await self._catch_up()

    async def _reachable(self) -> list[str]:
        """Returns the receivers that messages could go to directly, and do not yet."""
        return await self._reached(await self._receivers() - self._direct - self._behind)

    async def _reached(self, receivers: Collection[str]) -> list[str]:
        names = sorted(receivers)
        reached = await asyncio.gather(
            *(self._bypass.reaches(self._module, name) for name in names)
        )
        return [name for name, there in zip(names, reached, strict=True) if there]

    async def _receivers(self) -> frozenset[str]:
        """Returns everybody whom messages of this sender may wait for."""
        waited_for = await destinations_waited_for(self._store.reader)
        return frozenset((self._module, *self._topology.receivers(self._module), *waited_for))

    def _begin(self, receivers: Collection[str]) -> None:
        """Takes back all that is under way, and lets nothing leave for these receivers until they were asked."""
        self._behind |= frozenset(receivers)
        self._direct -= self._behind
        self._rounds += 1
        self._take_back()
        failpoint("way.taken_back")

    def _go_back(self) -> None:
        """Gives everything to the broker again; what is not safe at its receiver goes there first."""
        self._led = False
        self._direct = frozenset()
        self._take_back()
        failpoint("way.back")
        seconds = round(time.monotonic() - self._since, 3)
        _log.info("outbox.broker", module=self._module, seconds=seconds)
        self._meters.changed_way(self._module, "broker")

    def _take_back(self) -> None:
        self._relay.take_back(self._behind)
        self._bypass.recall(self._module)
        self._bypass.lead(self._module, self._direct)

    def _changed_hands(self, gained: frozenset[int], _lost: frozenset[int]) -> None:
        """Asks again, since another instance may have given the broker messages of partitions that are ours now.

        It may also have ended before it had asked: nothing leaves until that is known.
        """
        if not gained:
            return
        self._gains += 1
        self._unread = True
        self._relay.hold()
        if self._direct or self._behind:
            self._begin(self._direct | self._behind)
        self._wake.set()

    def _go_on(self) -> None:
        if not (self._unread or self._withheld):
            self._relay.go_on()

    async def _read_notes(self) -> None:
        """Goes on with the questions that whoever had our partitions before did not bring to an end."""
        gains, owned = self._gains, self._assignment.owned
        await self._recognition.look_again()
        known = (await self._notes.to_be_asked(owned)).intersection(self._topology.modules)
        if known - self._behind:
            self._begin(known)
        if gains == self._gains:
            self._unread = False
            self._go_on()

    async def recognise(self, marks: Marks) -> None:
        """Finds out whether a broker has our messages; if not, nothing leaves before the receivers were asked."""
        try:
            await self._recognition.recognise(marks)
        finally:
            self._withheld = False
            self._go_on()

    def withhold(self) -> None:
        """Lets nothing leave until the broker is recognised."""
        self._withheld = True
        self._relay.hold()
        self._take_back()

    async def _everybody(self) -> frozenset[str]:
        """Returns whom messages may not have reached that a broker was given."""
        awaited = await destinations_awaited(self._store.reader)
        return (await self._receivers()).union(awaited).intersection(self._topology.modules)

    def _doubt(self, receivers: frozenset[str]) -> None:
        """Asks again; whoever is to be asked already has got nothing since."""
        if receivers - self._behind:
            self._begin(receivers)
        self._wake.set()

    def _say_unknown(self, receivers: Collection[str]) -> None:
        self._meters.unknown_broker(self._module)
        names = ", ".join(sorted(receivers))
        _log.warning("outbox.unknown_broker", module=self._module, destination=names)

    async def _catch_up(self) -> None:
        asked, began, owned = self._behind, self._rounds, self._assignment.owned
        if not (await self._relay.written(asked) and await self._noted(owned, asked)):
            return
        async with contextlib.aclosing(self._lost.put_in_line(asked)) as answers:
            async for found in answers:
                reached = await self._reached(found) if self._bypass.wanted else []
                if began != self._rounds:
                    return  # partitions came meanwhile, or the broker is another: all are asked again
                self._release(found, reached)
        await self._noted(owned & self._assignment.owned, self._behind)

    def _release(self, found: Mapping[str, int], reached: Collection[str]) -> None:
        """Lets messages leave for receivers that have been asked: directly for those that are `reached` so.

        Others may have answered over the broker, which is there again, and get their messages over it.
        """
        self._behind -= found.keys()
        if reached:
            self._lead_directly(reached)
            told, since = _told(reached, found), self._bypass.away_since
            _log.warning("outbox.direct", module=self._module, since=since, **told)
        others = found.keys() - reached
        if any(found[each] for each in others):
            _log.warning("outbox.found", module=self._module, **_told(others, found))
        failpoint("way.direct")
        for each in found:
            self._relay.release(each)

    def _lead_directly(self, receivers: Collection[str]) -> None:
        if not self._led:
            self._led = True
            self._since = time.monotonic()
            self._meters.changed_way(self._module, "direct")
        self._direct |= frozenset(receivers)
        self._bypass.lead(self._module, self._direct)

    async def _noted(self, partitions: Collection[int], receivers: frozenset[str]) -> bool:
        """Writes down whom to ask; begins again if that is not known of all partitions, or the broker is another."""
        if not self._unread and await self._notes.write(partitions, receivers):
            return True
        self._unread = True
        self._relay.hold()
        self._wake.set()
        return False


def _told(receivers: Collection[str], found: Mapping[str, int]) -> dict[str, Any]:
    names, messages = ", ".join(sorted(receivers)), sum(found[each] for each in receivers)
    return {"destination": names, "messages": messages}
