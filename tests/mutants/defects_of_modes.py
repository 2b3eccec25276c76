"""Defects of the moves between modes: who may begin, and what is handled on the way."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime, of_the_broker

_ELSEWHERE: Final = "tests/database/test_elsewhere.py"
_FALLBACK: Final = "tests/distributed/test_fallback.py"
_LEAVING: Final = "tests/runtime/test_leaving_the_broker.py"
_ONE_MODE: Final = "tests/database/test_one_mode.py"

MODES: Final[tuple[Defect, ...]] = (
    in_runtime(
        "two modes that start at once both begin",
        "database/postgres/leases",
        '        await sql.run("SELECT pg_advisory_xact_lock(hashtext(?))", f"amphibus.{module}.instances")\n',
        "        assert module\n",
        f"{_ONE_MODE}::test_of_two_modes_that_start_at_once_one_begins",
    ),
    in_runtime(
        "a mode that is ending is not waited for",
        "partitions/one_mode",
        "        if lives and elapsed() - began >= patience * SECOND:\n",
        "        if lives:\n",
        f"{_ONE_MODE}::test_a_mode_waits_for_the_instances_of_another_one_that_are_ending",
    ),
    in_runtime(
        "what is limited is waited for while a broker is emptied",
        "inbox/limits/limits",
        "        apart = self.writes_down or key in self._overflow\n",
        "        apart = key in self._overflow\n",
        f"{_LEAVING}::test_what_is_limited_waits_in_the_database_and_the_broker_is_emptied",
    ),
    in_runtime(
        "what operators limited is not looked up before a broker is emptied",
        "host/module_host",
        "        await self.limits.look()\n",
        "",
        f"{_LEAVING}::test_a_limit_that_an_operator_set_holds_while_the_broker_is_emptied",
    ),
    in_runtime(
        "what is paused is handled while a broker is emptied",
        "host/module_host",
        "        await self._pausing.begin(writes_down=writes_down)\n",
        "        await self._pausing.begin(writes_down=writes_down) if not writes_down else None\n",
        f"{_LEAVING}::test_what_is_paused_is_not_handled_while_the_broker_is_emptied",
    ),
    in_runtime(
        "a module that is paused leaves what a broker has",
        "host/pausing",
        "        if pauses.whole and not pauses.writes_down:\n",
        "        if pauses.whole:\n",
        f"{_LEAVING}::test_what_is_paused_is_not_handled_while_the_broker_is_emptied",
    ),
    in_runtime(
        "a broker is emptied for ever while anything is under way",
        "host/transport_switch",
        "        if commits != seen:\n",
        "        if commits != seen or any(hosted.receiver.in_flight for hosted in modules):\n",
        f"{_LEAVING}::test_what_is_under_way_when_the_broker_is_given_up_goes_on_in_its_place",
    ),
    in_runtime(
        "what is under way when a broker is given up never ends",
        "host/module_host",
        "        await self.writer.rest()\n",
        "        await self.writer.stop()\n",
        f"{_LEAVING}::test_what_is_under_way_when_the_broker_is_given_up_goes_on_in_its_place",
    ),
    in_runtime(
        "services are left though others go on over the broker",
        "cli/run/changing",
        "                if not staying:\n",
        "                if True:\n",
        f"{_ELSEWHERE}::test_who_sees_others_over_the_broker_stays_until_they_end",
    ),
    in_runtime(
        "two that lost the same broker wait for each other",
        "database/postgres/elsewhere",
        "            await self._raw.execute(_TELL, _WANT, self._instances)\n",
        "            await self._raw.execute(_TELL, _WANT + self._raw.get_server_pid(), self._instances)\n",
        f"{_ELSEWHERE}::test_who_lost_the_same_broker_as_another_leaves_with_it",
    ),
    in_runtime(
        "one process of another machine counts as services",
        "database/postgres/leases",
        "    return await _count_alive(raw, module, f\"transport <> '{_IN_ONE_PROCESS}'\")\n",
        "    return await _count_alive(raw, module, f\"transport <> '{_IN_ONE_PROCESS}.'\")\n",
        f"{_ELSEWHERE}::test_one_process_of_another_machine_keeps_nobody",
    ),
    of_the_broker(
        "one process that does not start is tried again for ever",
        "cli/run/supervisor",
        ' did not start", apart=apart)\n        return _CHANGE\n',
        ' did not start", apart=apart)\n'
        "        return _CHANGE if apart else await self._live_on(stopping, change, apart=apart)\n",
        f"{_FALLBACK}::test_one_process_that_does_not_start_gives_back_to_the_services_at_once",
    ),
    in_runtime(
        "who answers over the broker gets messages directly, and cannot be reached so",
        "host/sending/changeover",
        "reached = await self._reached(found) if self._bypass.wanted else []",
        "reached = [*found] if self._bypass.wanted else []",
        "tests/direct/test_changeover_trouble.py::test_who_answers_over_the_broker_alone_gets_messages_over_it",
    ),
)
