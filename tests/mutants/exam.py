"""Where each defect stands that the exam of the exam names (M1 to M24) or that was planted in it since (P1 to P5).

Each is killed by a test of the default run. Those that only a broker shows need one, which the tests bring.
"""

from collections.abc import Mapping
from typing import Final

EXAM: Final[Mapping[str, tuple[str, ...]]] = {
    "M1 acknowledged before the commit": (
        "safe before it is handled",
        "acknowledged as soon as it comes",
    ),
    "M2 no inbox": ("the inbox is not looked up",),
    "M3 a relay that reads from the last number on": ("messages are read from the last number on",),
    "M4 marked before it is delivered": ("marked before it is delivered",),
    "M5 no publisher confirms": ("published and taken for safe",),
    "M6 the inbox is purged at start": ("the memory is purged at start",),
    "M7 an inbox or a mark that forgets whose it is": (
        "the inbox forgets who sent a message",
        "one destination is safe, so all are",
    ),
    "M8 a process is saved without a look at its version": (
        "the later of two changes of a row wins",
    ),
    "M9 a clean-up that does not look at the state": ("clean-up forgets what is not delivered",),
    "M10 what no queue takes is not told": ("a message that no queue takes is lost",),
    "M11 the library rejects what fails": ("the library rejects what fails",),
    "M12 messages in the broker's memory, queues on one node": (
        "the broker keeps messages in its memory",
        "a queue lives on one node",
    ),
    "M13 a payment without its idempotency key": (
        "a payment is retried without its idempotency key",
    ),
    "M14 stock that is not checked where it is taken": ("stock is not checked",),
    "M15 no fencing of leases": ("what was taken under a lost partition is done",),
    "M16 a lease by the clock of a process": (
        "a lease is renewed by the process's own clock",
        "who is silent is told by the clock of the process",
    ),
    "M17 woken or never": ("the relay waits to be woken",),
    "M18 published without a time limit": (
        "a confirm is waited for without end",
        "a channel is waited for without end",
    ),
    "M19 commits that the disk has not seen": ("commits that the disk has not seen",),
    "M20 trouble of the relay's loop is swallowed": ("the relay keeps its trouble to itself",),
    "M21 a stop without a drain": ("a stop does not wait for what runs",),
    "M22 a queue in memory only": ("what is said inside a process is in its memory only",),
    "M23 accepted before the commit": ("accepted before the commit",),
    "M24 a refund is made twice": ("a return that is asked for again is refunded again",),
    "P1 delivery_mode 1": (
        "messages of modules are not written down by the broker",
        "the broker keeps messages in its memory",
    ),
    "P2 a long-lived task ends by an exception": (
        "the supervisor does not begin a task again",
        "a cancelled future ends the task that awaits it",
        "the units in hand are forgotten when the writer fails",
    ),
    "P3 a wait that is endless again": (
        "a confirm is waited for without end",
        "a channel is waited for without end",
        "a broker that says nothing is waited for without end",
        "a statement's answer is waited for without an end",
        "a lost connection is closed without an end",
        "a lock is waited for without an end",
        "a frozen peer keeps its partitions",
        "who waits for a reader waits without an end",
        "a suspect waits for whoever hangs",
        "who waits for a stopped writer waits for ever",
        "a handler is waited for without end",
        "the outside is waited for without end",
        "an answer is waited for without end",
        "a step of the stop is waited for, however long",
    ),
    "P4 a header that is written uncleaned": (
        "a reply says what its handler said",
        "headers are believed unlooked at",
        "a text that no database holds is kept as it is",
    ),
    "P5 a lease or a due time by the clock of a process": (
        "due times are taken from the process's own clock",
        "a host on a server has the process's own clock",
        "a lease is renewed by the process's own clock",
        "who is silent is told by the clock of the process",
    ),
}
