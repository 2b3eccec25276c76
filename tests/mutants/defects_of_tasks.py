"""Defects in what keeps the long-lived tasks of a process going, and in how they end."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

_BUSY = (
    "tests/topologies/test_watched_tasks.py"
    "::test_a_unit_that_leaves_its_connection_busy_costs_the_writer_a_new_one"
)

_WORKERS: Final = "tests/distributed/test_workers.py::"
TASKS: Final[tuple[Defect, ...]] = (
    in_runtime(
        "a child that a process left keeps it from its next start",
        "cli/run/worker",
        "            ended = min(ended, time.monotonic())",
        "            ended = float('inf')",
        f"{_WORKERS}test_what_a_process_leaves_running_does_not_keep_it_from_its_next_start",
    ),
    in_runtime(
        "a line that looks like ours ends all modules",
        "cli/run/worker",
        'rf"{READY}(https?://\\S+:(\\d+))"',
        'rf"{READY}((.*))"',
        f"{_WORKERS}test_a_line_that_looks_like_ours_is_none",
    ),
    in_runtime(
        "a full disk ends all modules when one is started again",
        "cli/run/worker",
        "        with contextlib.suppress(OSError):  # a full disk: it runs all the same\n",
        "        with contextlib.suppress(ValueError):\n",
        f"{_WORKERS}test_a_folder_that_cannot_be_written_ends_nobody",
    ),
    in_runtime(
        "no room for one process ends all others",
        "cli/run/worker",
        "        except OSError as error:  # the machine",
        "        except ValueError as error:  # the machine",
        f"{_WORKERS}test_a_process_that_cannot_be_started_now_is_started_later",
    ),
    in_runtime(
        "a log that was moved away takes its next line with it",
        "cli/run/process_logs",
        "with contextlib.suppress(FileNotFoundError):",
        "with contextlib.suppress(IndexError):",
        f"{_WORKERS}test_a_log_that_somebody_else_put_away_begins_anew",
    ),
    in_runtime(
        "an attempt without a thread is forgotten",
        "inbox/runner",
        "        except RuntimeError:  # no thread",
        "        except ZeroDivisionError:  # no thread",
        "tests/runtime/test_no_threads.py",
    ),
    in_runtime(
        "the supervisor does not begin a task again",
        "supervision",
        "            await asyncio.sleep(pause)\n",
        "            return\n",
        "tests/runtime/test_supervision.py",
    ),
    in_runtime(
        "a cancelled future ends the task that awaits it",
        "supervision",
        "            if self._is_cancelled():\n                raise\n",
        "            raise\n",
        "tests/runtime/test_supervision.py",
    ),
    in_runtime(
        "a task is never hopeless",
        "supervision",
        "            hopeless = self._failures >= _HOPELESS_AFTER\n",
        "            hopeless = False\n",
        "tests/runtime/test_supervision.py",
    ),
    in_runtime(
        "a task that works again is still counted as failing",
        "supervision",
        "            self._failures = 0\n\n",
        "            self._failures = self._failures\n\n",
        "tests/runtime/test_supervision.py",
    ),
    in_runtime(
        "a task that failed is not named",
        "telemetry/health",
        "        self.lack(name, why)\n        if hopeless:\n",
        "        if hopeless:\n",
        "tests/runtime/test_supervision.py",
    ),
    in_runtime(
        "the units in hand are forgotten when the writer fails",
        "unit_of_work/writer",
        "            self._units.extendleft(unit for unit in reversed(units) if not unit.done.done())\n",
        "",
        "tests/runtime/test_writer.py",
    ),
    in_runtime(
        "who waits for a stopped writer waits for ever",
        "unit_of_work/writer",
        "        while self._units:\n            self._units.popleft().end()",
        "        while False:\n            self._units.popleft().end()",
        "tests/runtime/test_writer.py",
    ),
    in_runtime(
        "a connection that cannot be rolled back is kept",
        "unit_of_work/writer",
        "        if broken:\n",
        "        if not broken and broken:\n",
        "tests/runtime/test_writer.py"
        "::test_a_unit_that_closes_the_drivers_connection_costs_the_writer_a_new_one",
    ),
    in_runtime(
        "a transaction writes on the connection that was lost",
        "unit_of_work/writer",
        "            await connection.begin()\n"
        "            # Made only now: what was lost is a new connection since.\n"
        "            transaction = Transaction(connection, self._assignment, alone=len(units) == 1)\n",
        "            transaction = Transaction(connection, self._assignment, alone=len(units) == 1)\n"
        "            await connection.begin()\n",
        _BUSY,
    ),
    in_runtime(
        "a stop does not wait for what runs",
        "host/module_host",
        "        await self.receiver.drain()",
        "        self.receiver._stopping = True",
        "test_stopping.py::test_what_runs_is_finished_and_what_waits_is_kept",
    ),
    in_runtime(
        "a stop that was cut off leaves the tasks of its modules at work",
        "host/module_host",
        '            ("the intake", self._stop_own_intake),  # again, if it was cut off\n',
        "",
        "tests/runtime/test_cut_off_stop.py",
    ),
    in_runtime(
        "a stop waits for a handler that swallows its cancellation",
        "supervision",
        "            await asyncio.wait([task], timeout=seconds)\n",
        "            await asyncio.wait([task])\n",
        "tests/runtime/test_supervision.py"
        "::test_a_stop_ends_though_the_work_swallows_its_cancellation_and_names_it",
    ),
    in_runtime(
        "a step of the stop is waited for, however long",
        "host/ending",
        "            await asyncio.wait((task,), timeout=seconds)\n",
        "            await asyncio.wait((task,))\n",
        "tests/runtime/test_ending.py::test_all_steps_together_end_in_the_time_of_the_stop",
    ),
    in_runtime(
        "who blocks the process is not known",
        "unit_of_work/crash_journal",
        "        journal.now = who\n        journal.begin(who)\n        step",
        "        journal.begin(who)\n        step",
        "tests/runtime/test_blocked_loop.py::test_whose_code_blocks_is_said_once_counted_and_told_afterwards",
    ),
    in_runtime(
        "a gateway whose store failed stays not ready",
        "host/readiness",
        "            self._health.writes()\n",
        "            pass\n",
        "tests/gateway/test_faults.py::test_a_gateway_that_cannot_accept_is_not_ready_until_it_can_again",
    ),
    in_runtime(
        "each request that meets a full disk is told",
        "gateway/writes",
        "            self.store_failed(error)\n",
        "            structlog.get_logger().error('store.failed')\n",
        "tests/gateway/test_faults.py::test_a_full_disk_is_no_acceptance_and_is_told_once",
    ),
    in_runtime(
        "a query may run for ever",
        "inbox/queries",
        "async with within(self._policies.of(entry.route).timeout, query=envelope.type):",
        "async with within(86_400, query=envelope.type):",
        "test_queries.py::test_a_query_that_does_not_end_is_told_so_and_holds_up_no_other",
    ),
    in_runtime(
        "a query is left alone by the stop",
        "inbox/receiver",
        "        await self._queries.abort()\n",
        "",
        "test_queries.py::test_a_stop_tells_who_asked_that_there_is_no_answer_now",
    ),
    in_runtime(
        "an owner that starts again burns attempts of who asks it",
        "inbox/outcome",
        'failure.reason == "unanswered" and patient',
        'failure.reason == "unanswered" and not patient',
        "test_outside.py::test_an_owner_that_does_not_answer_for_a_while_costs_no_attempt",
    ),
    in_runtime(
        "a log has every line of a storm",
        "telemetry/repetitions",
        "        if seen.written >= _WRITTEN:\n",
        "        if seen.written < 0:\n",
        "tests/runtime/test_repetitions.py",
    ),
    in_runtime(
        "a query leaves its turn taken",
        "inbox/queries",
        "            turn.release()\n",
        "            pass\n",
        "test_queries.py::test_a_query_that_does_not_end_is_told_so_and_holds_up_no_other",
    ),
    in_runtime(
        "the identities of what was accepted are kept",
        "gateway/accepted_store",
        "        self._running.difference_update(self._worked_on.pop(message_id, ()))\n",
        "        self._worked_on.pop(message_id, ())\n",
        "tests/gateway/test_writes.py::test_a_business_id_counts_where_there_is_no_key",
    ),
    in_runtime(
        "a process waits for a handler that swallows its cancellation",
        "host/serve",
        "    if left or hanging:\n",
        "    if hanging:\n",
        "tests/runtime/test_process_end.py",
    ),
    in_runtime(
        "a module without a partition says that it is ready",
        "host/readiness",
        '        self._tell(_GAP if now - self._had_one_at > _WITHOUT_SECONDS else "")\n',
        '        self._tell("")\n',
        "tests/database/test_without_partition.py",
    ),
    in_runtime(
        "a broker that failed is named by the address that is tried next",
        "transports/rabbitmq/connection",
        "        where = shown(at or self.url)\n",
        "        where = shown(self.url)\n",
        "tests/runtime/test_broker_connection.py",
    ),
)
