"""What waits in memory for its turn, and what another process puts before it."""

from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_trace
from amphibus.outbox.delivery_queue import DeliveryQueue, OutboxMessage


def _item(seq: int, key: str = "k") -> OutboxMessage:
    envelope = Envelope(
        id=str(seq),
        type="desk.Write.v1",
        source="gateway",
        key=key,
        time=seq,
        correlation="flow",
        causation=None,
        trace=new_trace(),
        body=b"{}",
    )
    return OutboxMessage(seq, envelope, ("desk",))


def _read(queue: DeliveryQueue, *seqs: int, complete: bool = True) -> None:
    queue.begin_reading()
    queue.end_reading([_item(seq) for seq in seqs], settled=set(), complete=complete)


def _taken_one_by_one(queue: DeliveryQueue, stored: list[int]) -> list[int]:
    """The numbers as they leave; where the queue is behind, it reads what is stored."""
    left: list[int] = []
    while stored:
        while queue.behind:
            _read(queue, *stored)
        for item in queue.take_ready():
            stored.remove(item.seq)
            left.append(item.seq)
            queue.settle(item)
    return left


def test_what_was_put_in_line_late_goes_by_its_number() -> None:
    queue = DeliveryQueue("desk", 16)
    _read(queue)
    for seq in (10, 11, 12):
        queue.committed(_item(seq))
    (first,) = queue.take_ready()

    queue.behind = True
    _read(queue, 3, 4, 10, 11, 12)
    queue.settle(first)

    assert first.seq == 10
    assert _taken_one_by_one(queue, [3, 4, 11, 12]) == [3, 4, 11, 12]


def test_what_is_missed_while_it_is_read_is_read_the_next_time() -> None:
    queue = DeliveryQueue("desk", 16)
    queue.begin_reading()
    queue.miss()
    queue.end_reading([], settled=set(), complete=True)

    assert queue.behind


def test_what_was_read_before_its_commit_was_heard_of_leaves_once() -> None:
    """A server shows a commit to everybody, and only then tells the one who made it."""
    queue = DeliveryQueue("desk", 16)
    _read(queue, 1, 2)
    for seq in (1, 2, 3):
        queue.committed(_item(seq))

    assert _taken_one_by_one(queue, [1, 2, 3]) == [1, 2, 3]
    assert queue.idle
