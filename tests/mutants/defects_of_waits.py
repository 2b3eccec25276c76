"""Waits without an end, and what else was planted to see whether a test notices."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime, of_the_broker

_DECLARING: Final = "tests/rabbitmq/test_declaring.py"
WAITS: Final[tuple[Defect, ...]] = (
    in_runtime(
        "an operator who is frozen holds up every instance",
        "database/postgres/session_settings",
        "SET LOCAL lock_timeout = '10s'; SET LOCAL idle_in_transaction_session_timeout = '10s';",
        "SET LOCAL lock_timeout = '10s';",
        "tests/database/test_waits.py::test_an_operator_who_is_frozen_holds_up_no_instance",
    ),
    in_runtime(
        "an operator waits for a handler without an end",
        "admin/stores",
        "            await connection.execute(BESIDE_OTHERS)\n",
        "            await connection.execute(BESIDE_OTHERS.partition(';')[2])\n",
        "tests/database/test_waits.py::test_an_operator_waits_for_no_handler_without_an_end",
    ),
    in_runtime(
        "one that is frozen at its start keeps all others out",
        "database/postgres/session_settings",
        "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = '30s'",
        "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0",
        "tests/database/test_waits.py::test_who_is_frozen_while_all_others_wait_is_ended",
    ),
    in_runtime(
        "an application's database that does not answer stops its service",
        "integrations/faststream",
        "bounded_session(self._sessions, seconds)",
        "bounded_session(self._sessions, 1_000)",
        "tests/integrations/test_faststream_waits.py",
    ),
    in_runtime(
        "everything is declared twice a second while a message finds no queue",
        "transports/rabbitmq/outgoing/strays",
        "min(self._pause * 2, _LONGEST_PAUSE)",
        "_FIRST_PAUSE",
        "tests/runtime/test_strays.py::test_what_stays_missing_is_looked_for_ever_more_rarely",
    ),
    in_runtime(
        "a route that others have has everything declared at once again",
        "transports/rabbitmq/outgoing/strays",
        "if now - self._returned > _LONGEST_PAUSE:",
        "if not self._unroutable:",
        "tests/runtime/test_strays.py::test_routes_that_others_have_are_no_reason_to_look_often_again",
    ),
    in_runtime(
        "a start waits for the rollback of a server that is half open",
        "database/postgres/store",
        "cut_off_after(self.writer.raw, math.inf if upgrade else _OPEN_SECONDS)",
        "asyncio.timeout(None if upgrade else _OPEN_SECONDS)",
        "tests/database/test_waits.py::test_a_start_ends_though_its_server_is_half_open",
    ),
    in_runtime(
        "an application that is frozen holds an event for ever",
        "integrations/faststream",
        "                await _bound(session, seconds)\n",
        "",
        "tests/integrations/test_faststream_waits.py",
    ),
    in_runtime(
        "one hanging store hides the numbers of all",
        "telemetry/metrics",
        "asyncio.timeout(_ANSWER_SECONDS)",
        "asyncio.timeout(None)",
        "tests/runtime/test_signals_metrics.py::test_a_module_that_does_not_answer_hides_no_other",
    ),
    of_the_broker(
        "a channel that was refused once is kept for ever",
        "transports/rabbitmq/outgoing/renewal",
        "            self.due = True",
        "            self.due = False",
        "tests/rabbitmq/test_destinations.py"
        "::test_a_queue_that_was_full_takes_messages_again_from_whoever_it_refused",
    ),
    in_runtime(
        "a message that stands still is told by nobody",
        "outbox/stalled",
        "now - since >= self._after:",
        "now - since >= self._after * 1000:",
        "tests/runtime/test_stalled.py",
    ),
    of_the_broker(
        "queues about which the broker says nothing are waited for one after the other",
        "transports/rabbitmq/incoming/query_queues",
        "        for error in await asyncio.gather(*again, return_exceptions=True):\n"
        "            if error is not None:\n"
        "                raise error\n",
        "        for each in again:\n            await each\n",
        "tests/rabbitmq/test_silent_queues.py",
    ),
    in_runtime(
        "a handler is waited for without end",
        "inbox/handler_timeout",
        "        async with asyncio.timeout(seconds) as limit:",
        "        async with asyncio.timeout(None) as limit:",
        "test_failures.py::test_a_handler_that_hangs_has_failed_and_holds_nobody_up_for_ever",
    ),
    in_runtime(
        "the outside is waited for without end",
        "inbox/outside_step",
        "            async with asyncio.timeout(services.policies.of(route).outside_timeout) as limit:",
        "            async with asyncio.timeout(None) as limit:",
        "test_outside.py",
    ),
    in_runtime(
        "an answer is waited for without end",
        "transports/memory",
        "            async with asyncio.timeout(timeout):\n",
        "            async with asyncio.timeout(None):\n",
        "test_requests.py::test_no_answer_in_time_says_that_it_may_have_been_done",
    ),
    in_runtime(
        "a reply says what its handler said",
        "transports/rabbitmq/properties",
        '"ce-detail": said.detail,',
        '"ce-detail": reply.detail[:4_000],',
        "tests/runtime/test_reply_headers.py",
    ),
    in_runtime(
        "whose time is over while a batch is rerun is dead",
        "inbox/runner",
        "        if not isinstance(error, Overdue):",
        "        if known is not None:",
        "test_misbehaviour.py::test_handlers_that_hang_in_one_batch_have_failed_once_each",
    ),
    in_runtime(
        "units that run singly leave nobody else a turn",
        "unit_of_work/writer",
        "                    await asyncio.sleep(0)  # statements",
        "                    # statements",
        "tests/runtime/test_writer.py::test_units_that_run_singly_let_others_go_on_between_them",
    ),
    of_the_broker(
        "all modules wait while somebody waits for an administrator",
        "transports/rabbitmq/declare",
        "                    return False\n                self._has()",
        "                    while await _missing(\n"
        "                        await channel_of(connection), self._names.permanent()\n"
        "                    ):\n"
        "                        await asyncio.sleep(_LOOK_SECONDS)\n"
        "                self._has()",
        f"{_DECLARING}"
        "::test_who_waits_for_an_administrator_holds_up_no_module_that_has_what_it_needs",
    ),
    of_the_broker(
        "what an administrator is waited for is told of no more once a module has what it needs",
        "transports/rabbitmq/declare",
        "        if not self._awaited:\n",
        "        if True:\n",
        f"{_DECLARING}"
        "::test_who_waits_for_an_administrator_holds_up_no_module_that_has_what_it_needs",
    ),
    of_the_broker(
        "what is there is looked after on two channels",
        "transports/rabbitmq/declare",
        "await self._may_declare(connection, things, channel) and",
        "await self._may_declare(connection, things) and",
        f"{_DECLARING}::test_whatever_is_there_is_looked_after_on_one_channel",
    ),
    in_runtime(
        "a broker that refuses each channel is hammered",
        "transports/rabbitmq/client",
        "            await asyncio.sleep(pause)\n            pause = min(pause * 2, _LONGEST_PAUSE)\n\n    def _drop",
        "\n    def _drop",
        "tests/producers/test_client.py",
    ),
)
