"""Defects of what is due later: clocks, deadlines of processes, later messages."""

from tests.mutants.defect import in_runtime

TIME = (
    in_runtime(
        "due times are taken from the process's own clock",
        "clock",
        "        return time.time_ns() // 1000 if self._ahead is None else elapsed() + self._ahead",
        "        return time.time_ns() // 1000",
        "tests/database/test_clock.py::test_due_times_and_leases_are_by_the_clock_of_the_server",
    ),
    in_runtime(
        "a host on a server has the process's own clock",
        "clock",
        "    return DatabaseClock() if on_a_server else SystemClock()",
        "    return SystemClock()",
        "tests/database/test_clock.py::test_due_times_and_leases_are_by_the_clock_of_the_server",
    ),
    in_runtime(
        "a lease is renewed by the process's own clock",
        "database/postgres/leases",
        'SET until = {NOW} + ? WHERE id = ? RETURNING {NOW}",\n        lease,',
        'SET until = ? WHERE id = ? RETURNING {NOW}",\n'
        '        __import__("time").time_ns() // 1000 + lease,',
        "tests/database/test_clock.py::test_due_times_and_leases_are_by_the_clock_of_the_server",
    ),
    in_runtime(
        "an operator's retry is due by the clock of the operator's machine",
        "admin/stores",
        "        return await time_of_server(sql)",
        "        return SystemClock().now()",
        "tests/database/test_clock.py::test_due_times_and_leases_are_by_the_clock_of_the_server",
    ),
    in_runtime(
        "a slow answer of the server moves the clock",
        "clock",
        "        self._ahead = min(max(before, least), most)",
        "        self._ahead = (least + most) // 2",
        "tests/database/test_clock.py::test_an_answer_corrects_the_clock_by_no_more_than_it_must",
    ),
    in_runtime(
        "a later command is sent though another instance has sent it",
        "database/later",
        ", command.name, command.key, command.envelope.id) > 0",
        ", command.name, command.key, command.envelope.id) >= 0",
        "tests/database/test_later_instances.py",
    ),
    in_runtime(
        "a later command gets another id when it is sent",
        "inbox/later",
        "replace(each.envelope, time=now)",
        'replace(each.envelope, time=now, id=each.envelope.id + "x")',
        "test_later.py::test_a_later_command_outlives_a_restart",
    ),
    in_runtime(
        "recalled commands are sent all the same",
        "database/write_set",
        "        return [name for name, row in self.later.items() if row is None]",
        "        return []",
        "test_later.py::test_a_later_command_that_was_recalled_never_comes",
    ),
    in_runtime(
        "a name stands for one command of all keys",
        "context",
        '            key = (message.key_value() or "") if name else ""',
        '            key = ""',
        "test_later.py::test_a_later_command_that_was_recalled_never_comes",
    ),
    in_runtime(
        "nobody looks when later commands are due",
        "database/delayed",
        '        f" UNION ALL SELECT min(due) FROM amphibus_later WHERE 1 = 1{only}) AS dues"',
        '        ") AS dues"',
        "test_later.py::test_a_commit_that_fails_sends_a_later_command_neither_twice_nor_never",
        "test_later.py::test_a_later_command_comes_when_it_is_due_and_not_before",
    ),
    in_runtime(
        "what is sent later goes at once",
        "database/later",
        "FROM amphibus_later WHERE due <= ?{only}",
        "FROM amphibus_later WHERE due >= ?{only}",
        "test_later.py::test_a_later_command_comes_when_it_is_due_and_not_before",
    ),
)
