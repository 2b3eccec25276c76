"""Defects in how the queues of a broker are consumed, requests answered and channels closed."""

from typing import Final

from tests.mutants.defect import Defect, of_the_broker

_FEWER: Final = "tests/rabbitmq/test_fewer_partitions.py"
_ONE_CONSUMER: Final = "tests/rabbitmq/test_one_consumer.py"
CONSUMING: Final[tuple[Defect, ...]] = (
    of_the_broker(
        "a queue passes on at a stop before what was not acknowledged",
        "transports/rabbitmq/incoming/consumer",
        "                else:\n                    queue_consumer.end()",
        "                else:\n                    await queue_consumer.cancel()",
        f"{_ONE_CONSUMER}::test_later_messages_do_not_overtake_those_of_one_that[it stops]",
    ),
    of_the_broker(
        "a queue passes on at a rebalance before what was not acknowledged",
        "transports/rabbitmq/incoming/consumer",
        "            for queue_consumer in ending:\n                queue_consumer.end()",
        "            for queue_consumer in ending:\n"
        "                queue_consumer.end()\n"
        "                await queue_consumer.cancel()",
        f"{_ONE_CONSUMER}::test_later_messages_do_not_overtake_those_of_one_that"
        "[it gives partitions away]",
    ),
    of_the_broker(
        "a backlog of one key holds up all others",
        "transports/rabbitmq/incoming/consumer",
        "            if queue_consumer.is_narrow():",
        "            if False and queue_consumer.is_narrow():",
        f"{_ONE_CONSUMER}::test_a_backlog_of_one_key_does_not_hold_up_the_others",
    ),
    of_the_broker(
        "what comes after the end is taken",
        "transports/rabbitmq/incoming/queue_consumer",
        "        self.ending = True\n        self.window.shut()",
        "        self.ending = True",
        f"{_ONE_CONSUMER}::test_a_later_message_is_not_taken_by_one_that_ends",
    ),
    of_the_broker(
        "what comes after the end is thrown away",
        "transports/rabbitmq/incoming/ack_window",
        "        if self.is_shut:\n            return\n        while",
        "        while",
        "tests/rabbitmq/test_window.py::test_what_comes_after_the_end_is_left_as_it_is",
    ),
    of_the_broker(
        "a queue whose leader is silent is taken for empty, and removed",
        "transports/rabbitmq/incoming/empty",
        "    return bool(found.consumer_count) and not found.message_count",
        "    return not found.message_count",
        f"{_FEWER}::test_one_whose_leader_is_silent_is_not_taken_for_empty",
    ),
    of_the_broker(
        "a queue of no partition is removed before one behind it in which something waits",
        "transports/rabbitmq/incoming/consumer",
        "                    break  # none goes before the one behind it",
        "                    continue",
        f"{_FEWER}::test_none_is_removed_before_one_behind_it",
    ),
    of_the_broker(
        "queues of no partition are removed from the first one on",
        "transports/rabbitmq/incoming/surplus",
        "                found.insert(0, queue)",
        "                found.append(queue)",
        f"{_FEWER}::test_none_is_removed_before_one_behind_it",
    ),
    of_the_broker(
        "a queue of no partition that is gone is asked for again and again",
        "transports/rabbitmq/incoming/consumer",
        "        self._surplus.forget()\n",
        "",
        f"{_FEWER}::test_one_that_somebody_else_removes_holds_up_nothing",
    ),
    of_the_broker(
        "what comes into a queue of no partition at the last moment is left there",
        "transports/rabbitmq/incoming/surplus",
        "        if not waits:\n",
        "        if True:\n",
        f"{_FEWER}::test_one_into_which_something_comes_at_the_last_moment_is_consumed_again",
    ),
    of_the_broker(
        "a reply to where nothing is takes the connection from all requests",
        "transports/rabbitmq/requests",
        "    gone, looked_at = [each.closing for each in some], spare.closing",
        "    gone, looked_at = [each.closing for each in (*some, spare)], spare.closing",
        "tests/rabbitmq/test_requests.py"
        "::test_a_reply_to_where_nothing_is_takes_no_connection_from_requests",
    ),
    of_the_broker(
        "a channel that is refused takes all others of its connection with it",
        "transports/rabbitmq/publish_channel",
        "        if self.channel._close_exception is not None:",
        "        if False:",
        "tests/rabbitmq/test_library.py::test_a_channel_that_is_refused_takes_no_other_with_it",
    ),
)
