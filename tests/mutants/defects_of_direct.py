"""Defects in requests that go from process to process without a broker."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime, of_the_broker

_ASKING: Final = "tests/direct/test_asking.py::"
_STRANGERS: Final = "tests/direct/test_strangers.py::"
_SILENT: Final = "tests/direct/test_silent.py::"
_DIRECTORIES: Final = "tests/direct/test_directories.py::"

_CHANGEOVER: Final = "tests/direct/test_changeover.py::"
_TROUBLE: Final = "tests/direct/test_changeover_trouble.py::"

DIRECT: Final[tuple[Defect, ...]] = (
    in_runtime(
        "who writes waits for a reply that cannot come",
        "transports/direct/bypass",
        "        return not self._below.works and source not in self._led",
        "        return False",
        f"{_CHANGEOVER}test_who_writes_while_nothing_leaves_does_not_wait_for_a_reply",
    ),
    in_runtime(
        "a number of a peer is divided before it is bounded",
        "transports/direct/answering",
        "min(max(left, 0), _LONGEST_MS)",
        "min(max(left / 1000 * 1000, 0), _LONGEST_MS)",
        f"{_STRANGERS}test_a_request_that_is_waited_for_without_measure_is_answered",
    ),
    in_runtime(
        "what a lost broker had is not asked for",
        "host/sending/lost_messages",
        "        return [ours[each] for each in ids if each in missing]",
        "        return [ours[each] for each in ids if each not in ours]",
        f"{_CHANGEOVER}test_what_a_lost_broker_had_arrives_before_what_follows_it",
    ),
    in_runtime(
        "the word of a receiver that may have forgotten is taken",
        "host/sending/receivers_word",
        "if each.time >= known_since]",
        "if each.time or known_since]",
        "tests/conformance/test_receivers_word.py"
        "::test_the_word_of_a_receiver_that_may_have_forgotten_is_not_taken",
    ),
    in_runtime(
        "what is given to a broker that is away stays there when it goes another way",
        "transports/direct/bypass",
        "        self._below.recall(source)\n",
        "",
        f"{_CHANGEOVER}test_an_empty_broker_gets_nothing_that_was_handed_over_before",
    ),
    in_runtime(
        "a confirm of the old way counts on the new one",
        "outbox/delivery_queue",
        "        if self._under_way.get(item.seq) is not item:",
        "        if item.seq not in self._under_way:",
        f"{_CHANGEOVER}test_a_late_confirm_of_the_old_way_counts_no_more",
    ),
    in_runtime(
        "later messages leave while their receiver is being asked",
        "outbox/relay",
        "        if self._stopped or self._holds or queue.route in self._held_back:",
        "        if self._stopped:",
        f"{_CHANGEOVER}test_who_ends_before_a_receiver_was_asked_asks_at_the_next_start",
    ),
    in_runtime(
        "nobody knows after a kill whom to ask",
        "host/sending/recognition",
        "        await note_behind(sql, partition, receivers)\n",
        "        pass\n",
        "tests/direct/test_changeover_crashes.py"
        "::test_whoever_is_killed_where_a_broker_is_not_recognised_goes_on[way.noted]",
    ),
    in_runtime(
        "nobody asks about partitions that come from a process which was killed while it asked",
        "host/sending/changeover",
        "        if known - self._behind:\n            self._begin(known)\n",
        "",
        f"{_TROUBLE}test_whoever_gets_partitions_asks_what_their_last_owner_had_not",
    ),
    in_runtime(
        "a busy receiver keeps another one waiting for its question",
        "outbox/relay",
        "        return not self._acks.numbers(set(destinations))",
        "        return not self._acks",
        f"{_TROUBLE}test_a_receiver_is_asked_while_another_one_acknowledges_without_end",
    ),
    in_runtime(
        "a database that was away for a moment is a lack for ever",
        "host/sending/changeover",
        '                self._store.health.recovered("way")\n',
        "",
        f"{_TROUBLE}test_a_database_that_was_away_meanwhile_is_no_lack_afterwards",
    ),
    in_runtime(
        "what is not safe on the way back is taken for sent",
        "host/sending/changeover",
        "        self._relay.take_back(self._behind)\n",
        "",
        f"{_CHANGEOVER}test_what_is_not_safe_on_the_way_back_goes_to_the_broker_first",
    ),
    in_runtime(
        "a command that was lost midway is said not to be done",
        "transports/direct/requests",
        "            if begun:",
        "            if not begun:",
        f"{_ASKING}test_a_command_that_is_lost_midway_may_have_been_done",
    ),
    in_runtime(
        "what was lost midway is given up",
        "transports/direct/requests",
        "                begun = begun or not self._is_query(envelope)\n                continue",
        "                begun = begun or not self._is_query(envelope)\n                break",
        f"{_ASKING}test_a_request_that_is_lost_midway_is_asked_elsewhere_under_its_id",
    ),
    in_runtime(
        "without a direct way there is none",
        "transports/direct/requests",
        "            except NotTaken:\n                continue",
        "            except NotTaken:\n                raise OwnerAway(destination) from None",
        f"{_ASKING}test_what_no_process_takes_goes_over_the_way_below",
    ),
    in_runtime(
        "who works on a request is not told how long it is waited for",
        "transports/direct/answering",
        "asyncio.timeout(seconds) as waiting",
        "asyncio.timeout(3600) as waiting",
        f"{_ASKING}test_the_deadline_is_carried_on",
    ),
    in_runtime(
        "one process gets all requests",
        "transports/direct/peers",
        "        if len(usable) > 1:",
        "        if not usable:",
        f"{_ASKING}test_requests_are_shared_among_instances_and_one_that_dies_is_left_out",
    ),
    in_runtime(
        "the busy instance is asked as often as the idle one",
        "transports/direct/peers",
        "            usable.sort(key=_in_flight)\n",
        "",
        f"{_ASKING}test_the_least_busy_instance_is_asked",
    ),
    in_runtime(
        "a request that is too large ends the connection of all",
        "transports/direct/connection",
        "            if len(body) <= self._body_limit:",
        "            if body is not None:",
        f"{_ASKING}test_what_is_too_large_for_a_frame_costs_no_connection",
    ),
    in_runtime(
        "a silent process is waited for to the end",
        "transports/direct/connection",
        "        if self._silent > _SILENT_LOOKS:",
        "        if self._silent > 1_000_000:",
        f"{_ASKING}test_a_process_that_says_nothing_any_more_is_given_up_before_the_deadline",
    ),
    in_runtime(
        "a process that works for long is taken for lost",
        "transports/direct/answering",
        "                if frame.kind is Kind.PING:",
        "                if frame.kind is Kind.PONG:",
        f"{_ASKING}test_one_that_only_works_for_long_is_waited_for",
    ),
    in_runtime(
        "anybody is let in",
        "transports/direct/handshake",
        "if key is None or not _is(claim, proof(key, _ASKS, said)):",
        "if key is None:",
        f"{_STRANGERS}test_a_wrong_key_is_refused_on_both_sides",
        f"{_STRANGERS}test_a_strangers_bytes_are_refused_and_told_once",
    ),
    in_runtime(
        "anybody is asked who says welcome",
        "transports/direct/handshake",
        "    if not _is(welcome, proof(key, _ANSWERS, said)):",
        "    if not welcome.head:",
        f"{_STRANGERS}test_one_that_only_says_welcome_is_asked_nothing",
    ),
    in_runtime(
        "another process at an old address is asked",
        "transports/direct/handshake",
        "        said = (asking, answering, self._instance, ours,",
        '        said = (asking, answering, "an-older-one", ours,',
        f"{_STRANGERS}test_another_process_at_an_old_address_is_not_taken_for_it",
    ),
    in_runtime(
        "a module speaks for another over its own connection",
        "transports/direct/answering",
        "        if envelope.source != self._asking:",
        "        if not envelope.source:",
        f"{_STRANGERS}test_an_envelope_is_checked_at_the_door",
    ),
    in_runtime(
        "a frame may be of any length",
        "transports/direct/frames",
        "    if head_length > longest_head or body_length > longest_body:",
        "    if head_length < 0:",
        f"{_STRANGERS}test_what_is_no_request_ends_the_connection_alone",
    ),
    in_runtime(
        "strangers at the direct port are not counted before they have shaken hands",
        "connections/listener",
        "        if not self._all.admit(opening):\n",
        "        if not opening:\n",
        f"{_SILENT}test_two_thousand_who_say_nothing_lock_nobody_out",
    ),
    in_runtime(
        "who comes last makes room",
        "connections/connections",
        "        for each in nsmallest(number, waiting, key=_worth):",
        "        for each in waiting[-number:]:",
        f"{_SILENT}test_two_thousand_who_say_nothing_lock_nobody_out",
    ),
    in_runtime(
        "who has said who he is makes room all the same",
        "transports/direct/server",
        "            opening.left()\n",
        "",
        f"{_SILENT}test_two_thousand_who_say_nothing_lock_nobody_out",
    ),
    in_runtime(
        "a stranger may be silent without end",
        "transports/direct/server",
        "            lambda _phase: _GREETING_SECONDS,",
        "            lambda _phase: 3600.0,",
        f"{_SILENT}test_whoever_says_nothing_or_half_of_it_has_his_time_and_no_more",
    ),
    in_runtime(
        "who reads no answers is sent more",
        "transports/direct/answering",
        "            async with asyncio.timeout(_SEND_SECONDS):",
        "            async with asyncio.timeout(3600):",
        f"{_STRANGERS}test_one_that_reads_no_answers_is_hung_up_on",
    ),
    in_runtime(
        "whatever answers over TLS is believed",
        "transports/direct/tls",
        "        context.load_cert_chain",
        "        context.check_hostname = False\n        context.load_cert_chain",
        "tests/direct/test_tls.py::test_the_name_in_the_certificate_is_that_of_the_address",
    ),
    in_runtime(
        "a directory that cannot be used is told of each time",
        "transports/direct/transport",
        "        if what not in self._said:",
        "        if what:",
        "tests/direct/test_trouble.py::test_a_directory_that_cannot_be_used_is_told_of_once",
    ),
    in_runtime(
        "a key that everybody reads is a key",
        "transports/direct/file_directory",
        "        if path.stat().st_mode & 0o077:",
        "        if not path.stat().st_size:",
        f"{_DIRECTORIES}test_a_key_that_others_may_read_is_not_used",
    ),
    in_runtime(
        "a process that ends withdraws the address of the next one",
        "transports/direct/file_directory",
        "        if _read(self._file(address.module), self._machine) == address:",
        "        if address.port:",
        f"{_DIRECTORIES}test_a_process_that_ends_leaves_the_address_of_the_next_one",
    ),
    in_runtime(
        "a module announces another one's address",
        "database/postgres/peers",
        "USING ({_OWN}) WITH CHECK ({_OWN})",
        "USING (true) WITH CHECK (true)",
        f"{_DIRECTORIES}test_no_module_speaks_for_another",
    ),
    in_runtime(
        "every module reads the keys of all",
        "database/postgres/peers",
        "USING ({_OURS}) WITH CHECK ({_OURS})",
        "USING (true) WITH CHECK ({_OURS})",
        f"{_DIRECTORIES}test_no_module_changes_the_address_of_another",
    ),
    of_the_broker(
        "a silent broker is not told of",
        "transports/rabbitmq/pulse",
        "        if not asking.done() and not await blocked(connection):",
        "        if asking.done():",
        "tests/rabbitmq/test_requests.py"
        "::test_a_broker_that_is_silent_is_told_of_and_not_hung_up_on",
    ),
    of_the_broker(
        "a broker that is silent from the beginning is not told of",
        "transports/rabbitmq/pulse",
        "await _answer(connection, channel_of(connection, confirms=False), tell)",
        "await channel_of(connection, confirms=False)",
        "tests/rabbitmq/test_requests.py"
        "::test_a_broker_that_falls_silent_as_soon_as_it_is_connected_is_told_of",
    ),
)
