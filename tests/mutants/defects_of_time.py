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
)
