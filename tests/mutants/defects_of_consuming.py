"""Defects in how the queues of a broker are consumed."""

from typing import Final

from tests.mutants.defect import Defect, of_the_broker

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
)
