"""Defects of the moves between modes: who may begin, and what is handled on the way."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

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
)
