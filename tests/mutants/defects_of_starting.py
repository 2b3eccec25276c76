"""Defects of what begins a project, and of what is said where a package is missing."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

_NEW: Final = "tests/starting/test_new.py"
_FILES: Final = "tests/console/test_send_files.py"
_PLUGIN: Final = "tests/starting/test_plugin.py"

STARTING: Final[tuple[Defect, ...]] = (
    in_runtime(
        "a node gives up where another has its port",
        "cli/broker/node",
        "                if tries == _STARTS or not _met_another(said):\n                    raise\n",
        "                raise\n",
        "tests/distributed/test_broker_start.py::"
        "test_a_node_whose_port_is_taken_before_it_has_it_takes_another",
    ),
    in_runtime(
        "a project is begun over what is there",
        "cli/new/staging",
        "    _refuse_taken(choice.target)\n",
        "",
        f"{_NEW}::test_what_cannot_be_begun_leaves_everything_as_it_was",
    ),
    in_runtime(
        "a dry run begins a project",
        "cli/new/staging",
        "        if not dry:\n",
        "        if made:\n",
        f"{_NEW}::test_a_dry_run_lists_the_files_and_writes_none",
    ),
    in_runtime(
        "a project has no locks",
        "cli/new/staging",
        "        write_locks(made, name)\n",
        "",
        f"{_NEW}::test_a_dry_run_lists_the_files_and_writes_none",
    ),
    in_runtime(
        "what is missing is told by a traceback",
        "cli/door",
        "        if lacking is None:\n            raise\n",
        "        raise\n",
        "tests/starting/test_extras.py",
    ),
    in_runtime(
        "two equal lines of a file are one command",
        "cli/send/lines",
        'derived_id("send", self.file, str(number))',
        'derived_id("send", self.file, str(data))',
        f"{_FILES}::test_payloads_alone_are_sent_once_by_their_line",
    ),
    in_runtime(
        "a dry run sends",
        "cli/send/command",
        "        if way.dry:\n            _check_all(lines, report, advance)\n        elif way.http",
        "        if way.http",
        f"{_FILES}::test_a_csv_file_is_read_by_the_types_of_its_fields",
    ),
    in_runtime(
        "a sign within a text ends an element",
        "cli/send/json_array",
        r"""rb'"(?:[^"\\]|\\.)*+"|[\[\]{},"]'""",
        r"""rb'[\[\]{},]'""",
        f"{_FILES}::test_an_array_is_split_wherever_a_part_of_the_file_ends",
    ),
    in_runtime(
        "a server that is missing is no failure where it must be there",
        "pytest_plugin/servers",
        '    if config.getoption("--amphibus-strict"):\n        pytest.fail(why, pytrace=False)\n',
        "",
        f"{_PLUGIN}::test_a_server_that_is_not_there_skips_its_tests_and_says_so",
    ),
    in_runtime(
        "a start on a full disk gives up",
        "database/sqlite/files",
        "    if not full:\n",
        "    if not full or full:\n",
        "tests/runtime/test_full_disk_at_start.py::test_a_start_on_a_full_disk_waits_for_room",
    ),
    in_runtime(
        "a file that cannot be opened stays open",
        "database/sqlite/connection",
        "        await bound.close()\n        await engine.dispose()\n",
        "",
        "tests/runtime/test_full_disk_at_start.py::test_a_start_on_a_full_disk_waits_for_room",
    ),
    in_runtime(
        "a stop on a full disk fails at the journal of crashes",
        "unit_of_work/crash_journal",
        "suppress(OSError):  # a full",
        "suppress(ValueError):  # a full",
        "tests/runtime/test_full_disk_at_start.py",
    ),
)
