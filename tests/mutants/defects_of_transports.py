"""Defects in what carries messages between modules."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime, of_the_broker

TRANSPORTS: Final[tuple[Defect, ...]] = (
    in_runtime(
        "safe before it is handled",
        "transports/memory",
        "            inbound.take(envelope, ack)",
        "            inbound.take(envelope, ack), ack()",
        "test_stopping.py::test_a_stop_ends_in_time_though_a_handler_does_not",
    ),
    in_runtime(
        "a request to nobody is sent all the same",
        "transports/requests",
        "        if not self._transport.is_reachable(route):",
        "        if not route:",
        "test_requests.py::test_nobody_listening_is_an_error_at_once",
    ),
    in_runtime(
        "who waits for a reply is not told to the other side",
        "transports/memory_wire",
        "to_headers(self.requests.addressed(envelope))",
        "to_headers(envelope)",
        "test_requests.py::test_the_reply_to_a_stored_command_finds_its_sender",
    ),
    in_runtime(
        "who sent a message is read as something else",
        "transports/rabbitmq/frame_reader",
        '(0x0010, "user_id", _short_text)',
        '(0x0010, "cluster_id", _short_text)',
        "tests/runtime/test_frames.py::test_properties_are_read_as_the_library_reads_them",
    ),
    in_runtime(
        "a message's headers are cut",
        "transports/rabbitmq/frames",
        "    parts[0] = _long(sum(map(len, parts)))",
        "    parts[0] = _long(sum(map(len, parts)) - 1)",
        "tests/runtime/test_frames.py::test_what_is_published_is_what_the_library_reads",
    ),
    in_runtime(
        "the connections of others are read by us too",
        "transports/rabbitmq/frame_reader",
        "        return asyncio.current_task() in _readers",
        "        return bool(_readers)",
        "tests/runtime/test_client_library.py"
        "::test_our_own_reader_reads_anything_and_others_as_ever",
    ),
    in_runtime(
        "the library stays changed after the last connection",
        "transports/rabbitmq/frame_reader",
        "    if not _readers:",
        "    if len(_readers) > 9:",
        "tests/runtime/test_client_library.py"
        "::test_our_own_reader_reads_anything_and_others_as_ever",
    ),
    in_runtime(
        "a version that nobody tested is trusted",
        "transports/rabbitmq/versions",
        "    return all(_installed(library) == tested for library, tested in TESTED.items())",
        "    return bool(TESTED)",
        "tests/runtime/test_client_library.py"
        "::test_with_a_version_that_was_not_tested_nothing_is_changed",
    ),
    in_runtime(
        "the library is kept quiet about all connections",
        "transports/rabbitmq/library_logs",
        "    return record.levelno >= logging.CRITICAL or not _ours.get()",
        "    return record.levelno >= logging.CRITICAL",
        "tests/runtime/test_client_library.py::test_only_what_our_own_tasks_log_is_left_out",
    ),
    in_runtime(
        "a broker is asked for what was never there",
        "host/host",
        "        if now not in KEEPING and KEEPING.intersection(last.values()):",
        "        if now not in KEEPING and changed:",
        "tests/runtime/test_transports.py"
        "::test_a_transport_that_keeps_nothing_is_left_without_a_broker",
    ),
    in_runtime(
        "a message is believed whatever key it was published with",
        "transports/rabbitmq/incoming/senders",
        "        if type_of_key != said:",
        "        if not type_of_key:",
        "tests/runtime/test_broker_senders.py",
    ),
    in_runtime(
        "a message is believed whatever exchange it came by",
        "transports/rabbitmq/incoming/senders",
        "        if arrival.exchange != expected:",
        "        if not expected:",
        "tests/runtime/test_broker_senders.py",
    ),
    in_runtime(
        "a module may send what it does not declare",
        "transports/rabbitmq/incoming/senders",
        "and said not in sends:",
        "and not sends:",
        "tests/runtime/test_broker_senders.py",
    ),
    in_runtime(
        "messages of modules are not written down by the broker",
        "transports/rabbitmq/properties",
        "        delivery_mode=_PERSISTENT,",
        "        delivery_mode=1,",
        "tests/runtime/test_broker_departures.py",
    ),
    in_runtime(
        "an event reaches those whose turn has not come",
        "transports/rabbitmq/names",
        "<= set(destinations)",
        "!= set(destinations)",
        "tests/runtime/test_broker_departures.py",
    ),
    in_runtime(
        "one of several subscribers is not told that an event is safe",
        "transports/rabbitmq/outgoing/departures",
        "    for ack in acks:",
        "    for ack in acks[:1]:",
        "tests/runtime/test_broker_departures.py",
    ),
    in_runtime(
        "only a known fault makes a connection to the broker again",
        "transports/rabbitmq/connection",
        "    return type(error) is Exception",
        "    return type(error) is OSError",
        "tests/runtime/test_broker_connection.py",
    ),
    of_the_broker(
        "nobody is told that a queue is not consumed",
        "transports/rabbitmq/incoming/consumer",
        "self._consumed.tell({} if raw.is_closed else self._missing())",
        "self._consumed.tell({})",
        "tests/rabbitmq/test_consumers.py::test_a_queue_without_a_consumer_is_a_reason_not_to_be_ready",
    ),
    of_the_broker(
        "nobody is told that queues cannot be made, and so not be consumed",
        "transports/rabbitmq/incoming/consumer",
        "timer = loop.call_later(_UNSAID_SECONDS, ",
        "timer = loop.call_later(86_400, ",
        "tests/rabbitmq/test_consumers.py::test_a_queue_without_a_consumer_is_a_reason_not_to_be_ready",
    ),
    of_the_broker(
        "who was refused a queue once never tries to make it again",
        "transports/rabbitmq/declare",
        "            if await self._may_declare(connection, self._names.permanent()):\n",
        "            if not self._forbidden:\n",
        "tests/rabbitmq/test_consumers.py::test_a_queue_without_a_consumer_is_a_reason_not_to_be_ready",
    ),
    of_the_broker(
        "the library's end hides why a connection ended",
        "transports/rabbitmq/incoming/library",
        "        await _quietly(faststream.stop())",
        "        await within(_CLOSE_SECONDS, faststream.stop())",
        "tests/rabbitmq/test_library.py::test_a_connection_that_is_cut_while_it_ends_does_not_hide_why_it_ends",
    ),
    of_the_broker(
        "the queue of replies is waited for without end",
        "transports/rabbitmq/requests",
        "        async with asyncio.timeout(_ANSWER_SECONDS):\n            await channel.queue_declare",
        "        async with asyncio.timeout(None):\n            await channel.queue_declare",
        "tests/rabbitmq/test_requests.py::test_a_broker_that_answers_no_more_is_not_waited_for_without_end",
    ),
    of_the_broker(
        "requests wait for a net whose node is away",
        "transports/rabbitmq/requests",
        "            async with asyncio.timeout(_ANSWER_SECONDS):\n                await self._empty_net",
        "            async with asyncio.timeout(None):\n                await self._empty_net",
        "tests/rabbitmq/test_requests.py::test_requests_go_on_without_a_net_whose_node_is_away",
    ),
    of_the_broker(
        "a wider prefetch turns the order round when its channel is lost",
        "transports/rabbitmq/incoming/queue_consumer",
        'return f"{tag}+"',
        'return f"+{tag}"',
        "tests/rabbitmq/test_widened.py::test_what_it_had_comes_again_in_its_order",
    ),
    of_the_broker(
        "a consumer begins while all are being ended",
        "transports/rabbitmq/incoming/queue_consumer",
        "        async with self._changing:\n",
        "        if True:\n",
        "tests/rabbitmq/test_widened.py::test_it_ends_while_it_is_widened",
    ),
    of_the_broker(
        "what comes after a release is taken",
        "transports/rabbitmq/incoming/queue_consumer",
        "        self.window.shut()",
        "        return",
        "tests/rabbitmq/test_widened.py::test_what_is_released_takes_nothing_more",
    ),
)
