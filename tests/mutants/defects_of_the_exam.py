"""The defects that the exam of the exam asks for by number and no other list has; see `exam`."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime, in_shop, of_the_broker

_SAFE = "tests/rabbitmq/test_safe_at_the_broker.py"
_CLOCKS = "tests/topologies/test_clocks.py"

OF_THE_EXAM: Final[tuple[Defect, ...]] = (
    of_the_broker(
        "acknowledged as soon as it comes",
        "transports/rabbitmq/incoming/queue_consumer",
        "basic_consume(queue, arrived)",
        "basic_consume(queue, arrived, no_ack=True)",
        f"{_SAFE}::test_what_is_not_handled_yet_is_not_acknowledged",
    ),
    of_the_broker(
        "the library rejects what fails",
        "transports/rabbitmq/incoming/queue_consumer",
        "of_delivery(message))",
        "of_delivery(message))\n"
        "        await channel.basic_reject(message.delivery_tag or 0, requeue=False, wait=False)",
        f"{_SAFE}::test_what_is_not_handled_yet_is_not_acknowledged",
    ),
    in_runtime(
        "messages are read from the last number on",
        "outbox/relay",
        "        return queue.end_reading(items, settled=self._acked_on(queue.route), complete=complete)",
        "        items = [each for each in items if each.seq >= self._follows]\n"
        "        return queue.end_reading(items, settled=self._acked_on(queue.route), complete=complete)",
        f"{_CLOCKS}::test_a_number_that_is_committed_late_is_not_skipped",
    ),
    of_the_broker(
        "published and taken for safe",
        "transports/rabbitmq/publish_channel",
        '            self._expect(properties.message_id or "", on_confirm)',
        "            channel.loop.call_soon(on_confirm, None)",
        f"{_SAFE}::test_a_connection_that_answers_no_more_is_given_up_for_a_new_one",
    ),
    in_runtime(
        "the later of two changes of a row wins",
        "database/postgres/connection",
        '_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ"',
        '_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"',
        "tests/topologies/test_together.py"
        "::test_instances_that_change_the_same_row_do_not_wait_for_each_other",
    ),
    of_the_broker(
        "a message that no queue takes is lost",
        "transports/rabbitmq/connection",
        "confirms, on_return_raises=True)",
        "confirms, on_return_raises=False)",
        "tests/rabbitmq/test_consumers.py"
        "::test_a_command_whose_queue_was_deleted_waits_until_it_is_there_again",
    ),
    of_the_broker(
        "the broker keeps messages in its memory",
        "transports/rabbitmq/properties",
        "_PERSISTENT = 2",
        "_PERSISTENT = 1",
        f"{_SAFE}::test_the_messages_of_modules_are_persistent_in_quorum_queues",
    ),
    of_the_broker(
        "a queue lives on one node",
        "transports/rabbitmq/names",
        'QUORUM: Mapping[str, Any] = {"x-queue-type": "quorum", LEADER_LOCATOR: "balanced"}',
        'QUORUM: Mapping[str, Any] = {"x-queue-type": "classic"}',
        f"{_SAFE}::test_the_messages_of_modules_are_persistent_in_quorum_queues",
    ),
    of_the_broker(
        "a confirm is waited for without end",
        "transports/rabbitmq/outgoing/destination",
        "                if self._silence() < self._confirm_seconds:",
        "                if self._silence() < self._confirm_seconds * 1000:",
        "tests/rabbitmq/test_destinations.py"
        "::test_a_confirm_that_does_not_come_is_told_though_the_connection_answers",
    ),
    of_the_broker(
        "a broker that says nothing is waited for without end",
        "transports/rabbitmq/connection",
        "    async with asyncio.timeout(_CONNECT_SECONDS):\n        await connection.connect()",
        "    async with asyncio.timeout(None):\n        await connection.connect()",
        f"{_SAFE}::test_an_address_that_takes_connections_and_says_nothing_is_given_up",
    ),
    of_the_broker(
        "a channel is waited for without end",
        "transports/rabbitmq/connection",
        "    async with asyncio.timeout(_CHANNEL_SECONDS):\n        channel = cast(",
        "    async with asyncio.timeout(None):\n        channel = cast(",
        f"{_SAFE}::test_a_channel_that_nobody_answers_for_is_given_up",
    ),
    in_runtime(
        "who is silent is told by the clock of the process",
        "database/postgres/silent_peers",
        'await sql.rows(f"SELECT id FROM amphibus_instance WHERE until < {NOW}")',
        'await sql.rows("SELECT id FROM amphibus_instance WHERE until < ?",'
        " __import__('time').time_ns() // 1000)",
        f"{_CLOCKS}::test_an_instance_whose_clock_is_wrong_keeps_its_lease_as_others_do",
    ),
    in_runtime(
        "the relay waits to be woken",
        "outbox/relay",
        "                async with asyncio.timeout(self._settings.poll_seconds):\n"
        "                    await self._look.wait()",
        "                async with asyncio.timeout(3600):\n"
        "                    await self._look.wait()",
        f"{_CLOCKS}::test_what_another_process_wrote_is_found_without_being_told",
    ),
    in_runtime(
        "the relay keeps its trouble to itself",
        "outbox/relay",
        '                self._store.health.failed("relay", error)',
        "                error.add_note('')",
        f"{_CLOCKS}::test_a_relay_that_cannot_read_says_so_and_goes_on",
    ),
    in_runtime(
        "what is said inside a process is in its memory only",
        "unit_of_work/transaction",
        "            write_set.outbox.append((columns_of(envelope), destinations, partition))",
        "            write_set.outbox.append((columns_of(envelope), (), partition))",
        "test_durability.py::test_what_waits_for_a_module_that_is_away_comes_when_it_is_back",
    ),
    in_shop(
        "a return that is asked for again is refunded again",
        "orders/handlers/returns",
        "    return_id = message.return_id or context.message_uuid\n",
        "    return_id = context.message_uuid\n",
        "test_returns.py",
    ),
)
