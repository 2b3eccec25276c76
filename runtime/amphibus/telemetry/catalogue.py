"""Every log line that the runtime writes, with the fields it may carry.

The runtime drops a field that is not listed here, so this page shows everything that a line can give
away. Every line also carries `time`, `level` and, if known, `CONTEXT`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One kind of log line: its meaning and the fields that it may carry."""

    says: str
    fields: frozenset[str]


def _event(says: str, fields: str = "") -> LogEvent:
    return LogEvent(says, frozenset(fields.split()))


CONTEXT: Final = ("module", "message", "message_id", "correlation", "causation", "trace")
"""The context of a line (module, message, flow): added by itself, or given if a line is about another message."""

EVENTS: Final[Mapping[str, LogEvent]] = {
    # The process.
    "process.starting": _event("Begins.", "mode transport modules version pid"),
    "process.ready": _event("Takes work.", "url seconds"),
    "process.changed": _event("Ends to be started again, since its code was changed."),
    "handshake.misfit": _event(
        "A contract does not fit a live process, or messages that wait.",
        "contract where what why document times fix",
    ),
    "handshake.unknown": _event("Could not be compared; it hinders no start.", "what"),
    "handshake.joined": _event("The contracts fit now.", "seconds"),
    "process.draining": _event("Was told to stop; finishes what runs.", "signal in_flight"),
    "process.stopped": _event("Ends.", "seconds code unfinished"),
    "process.failed": _event("Ends because something broke.", "error"),
    "process.warning": _event("Something that an operator should change.", "what why fix"),
    "process.blocked": _event(
        "Code holds the event loop: nothing else runs. Said once, with whose code it is.",
        "seconds frame stack",
    ),
    "process.unblocked": _event(
        "The event loop runs again, after so long in all.", "seconds frame"
    ),
    "task.failed": _event(
        "A long-lived task ended by an error, so often in a row; it is begun again.",
        "task error times",
    ),
    "task.restarted": _event("A task that had failed works again.", "task times seconds"),
    "settings.changed": _event(
        "A setting that changes while the system runs has a new value here.",
        "setting before after revision who why",
    ),
    "settings.kept": _event("Settings were changed and cannot be used or read here.", "why"),
    # A module and its database.
    "module.started": _event("Handles messages.", "routes instance"),
    "module.paused": _event("Handles nothing of what is named here, for now.", "why"),
    "module.resumed": _event("Handles everything again."),
    "module.limited": _event("Operators limit what is named here, or nothing any more.", "why"),
    "module.steered": _event("An operator changed what it does, or its store.", "what why who"),
    "operation.began": _event("An operation on many dead letters goes on here.", "operation kind"),
    "operation.ended": _event(
        "An operation has come to all its letters, or was stopped.", "operation kind"
    ),
    "module.stopped": _event("Handles no more.", "unfinished"),
    "store.opened": _event("A database is in use.", "path schema"),
    "store.migrated": _event("Migrations were applied.", "revisions"),
    "store.busy": _event("A write waited long for its turn.", "seconds"),
    "store.failed": _event("A database could not be used, so often by now.", "error times"),
    "store.back": _event("A database can be used again.", "seconds"),
    "store.pruned": _event("Old rows were deleted.", "inbox outbox accepted rows"),
    # A message on its way.
    "message.handled": _event("Its transaction is committed.", "seconds attempt"),
    "message.repeated": _event("Was handled before; nothing changed.", "source"),
    "message.conflicting": _event(
        "Another message was handled under its id; this one changed nothing.", "source"
    ),
    "message.refused": _event("The owner refused it, for a business reason.", "code"),
    "message.retried": _event("Failed and is tried again at once.", "attempt error"),
    "message.delayed": _event(
        "Failed and waits for a later attempt.", "attempt due seconds error behind"
    ),
    "message.released": _event("Waited behind nothing, and does not any more.", "times"),
    "message.died": _event("Became a dead letter.", "reason attempts error"),
    "message.replayed": _event("A dead or kept message was sent again.", "source late"),
    "message.discarded": _event("An operator gave it up.", "reason"),
    "message.given_up": _event(
        "So many dead letters were older than retention.dead_letter_days.", "times"
    ),
    "message.suspected": _event("Was in work when the process died; runs alone now.", "crashes"),
    "message.undecodable": _event("Its type, version or body is not understood.", "source error"),
    "message.misplaced": _event("Has no handler in this module.", "source"),
    # Relay, broker and partitions.
    "outbox.unanswered": _event(
        "A receiver does not say what it has; what was sent to it is kept until it does.",
        "destination error",
    ),
    "outbox.receiver_is_older": _event(
        "A receiver lacks messages that it has said to have: its database was restored alone. Of the last that were"
        " looked at it lacks so many; they are not sent again.",
        "destination messages since until",
    ),
    "outbox.answered": _event("It says so again.", "destination"),
    "outbox.direct": _event(
        "The broker is away, so messages go directly; so many of those given to it go again.",
        "destination messages since",
    ),
    "outbox.broker": _event("Messages go over the broker again.", "destination seconds"),
    "outbox.unknown_broker": _event(
        "The broker is not the one that was given this module's messages, has lost all it had, or had lost"
        " the routes of some: the receivers are asked what has arrived.",
        "destination",
    ),
    "outbox.found": _event(
        "The receivers have answered; so many messages that were lost are sent again.",
        "destination messages",
    ),
    "outbox.no_receiver": _event(
        "So many old messages waited for a module that there is no more; they are forgotten.",
        "destination times",
    ),
    "relay.stalled": _event(
        "A message is not safe at its destination long after it left; others may wait.",
        "destination depth error",
    ),
    "relay.resumed": _event(
        "The message that stood still there is safe.", "destination seconds depth"
    ),
    "relay.failed": _event("A round of the relay broke; it goes on.", "destination error"),
    "broker.connected": _event("The broker is there.", "host version seconds"),
    "broker.emptying": _event("What waits there is handled before another mode begins.", "modules"),
    "broker.given_up": _event(
        "It was not emptied: nothing was committed for so long. What is under way goes on after the start.",
        "unfinished patience_seconds",
    ),
    "broker.taken_over": _event(
        "The databases say what had not arrived; it waits in the outboxes again.",
        "broker messages between",
    ),
    "broker.lost": _event("The broker is away; messages are kept.", "host error"),
    "broker.silent": _event("The broker is connected and does not answer.", "host error"),
    "broker.returned": _event("Nobody took a message; its queue is declared again.", "queue"),
    "broker.refused": _event("The broker forbids something.", "host error fix"),
    "partition.taken": _event("This instance consumes a partition.", "partition token"),
    "partition.given": _event(
        "This instance gave a partition back or lost it.", "partition token why"
    ),
    "partition.peer_ended": _event(
        "An instance fell silent inside a transaction; its sessions were ended.", "instance"
    ),
    "bus.drained": _event("Queues of the other mode were emptied.", "messages"),
    # Requests and processes.
    "direct.lost": _event(
        "A process cannot be asked directly; others are, or the broker carries it.", "host error"
    ),
    "direct.connected": _event("That process is asked directly again.", "host seconds"),
    "direct.refused": _event("A stranger at the direct endpoint was not let in.", "host error"),
    "request.timeout": _event("No answer in time; the work may have been done.", "seconds"),
    "request.unanswered": _event("Nobody handles it at the moment.", ""),
    "query.failed": _event("The handler of a query failed; who asked is told so.", "error"),
    "request.failed": _event("The owner failed; its transaction was rolled back.", "error"),
    "timer.fired": _event("A deadline was due.", "name late_seconds"),
    "schedule.sent": _event("The command of a schedule was sent.", "name late_seconds"),
    "schedule.missed": _event("So many times of a schedule got no command.", "name times"),
    "schedule.failed": _event(
        "Its command could not be made; that is tried again a minute later.", "name error"
    ),
    # The gateway.
    "http.served": _event("A request was answered.", "method route status seconds"),
    "http.failed": _event("A request met a fault of ours.", "method route error"),
    "http.gone": _event("The client left before its answer.", "method route"),
    # What libraries say through the standard logging.
    "library.said": _event("A line of a library.", "logger text"),
}
