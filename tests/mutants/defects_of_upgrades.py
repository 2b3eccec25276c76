"""Defects of what stands in the runtime's tables for long: upgrades, and the questions that operators ask."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

_UPGRADE: Final = "tests/upgrades/test_upgrade.py"

UPGRADES: Final[tuple[Defect, ...]] = (
    in_runtime(
        "a step is applied twice",
        "database/schema/steps",
        "    for step in _STEPS[version:]:\n        yield from step.EVERYWHERE\n",
        "    for step in _STEPS[max(version - 1, 0) :]:\n        yield from step.EVERYWHERE\n",
        f"{_UPGRADE}::test_nothing_is_lost[sqlite-monolith]",
    ),
    in_runtime(
        "the version of a file is not written down",
        "database/sqlite/store",
        'facts | {"schema_version": str(SCHEMA_VERSION)}',
        'facts | {"schema_version": str(version or SCHEMA_VERSION)}',
        f"{_UPGRADE}::test_a_second_upgrade_finds_nothing_to_do[sqlite-monolith]",
    ),
    in_runtime(
        "the version of a schema is not written down",
        "database/postgres/store",
        '{"schema_version": str(SCHEMA_VERSION)}',
        '{"schema_version": str(version or SCHEMA_VERSION)}',
        f"{_UPGRADE}::test_a_schema_that_an_older_instance_works_on_is_refused",
    ),
    in_runtime(
        "a schema is upgraded under an older process",
        "database/postgres/store",
        "if alive := await count_alive(raw, self.module):",
        "if (alive := await count_alive(raw, self.module)) < 0:",
        f"{_UPGRADE}::test_a_schema_that_an_older_instance_works_on_is_refused",
    ),
    in_runtime(
        "an older store is worked with as it is",
        "database/schema/steps",
        "    if version_of(facts) < SCHEMA_VERSION:",
        "    if version_of(facts) < 0:",
        f"{_UPGRADE}::test_an_operators_command_says_that_they_must_be_upgraded_first[sqlite-monolith]",
    ),
    in_runtime(
        "an upgrade is committed step by step",
        "database/sqlite/store",
        '        failpoint("migrate.before")\n        for statement in statements_for_sqlite(version):\n',
        '        failpoint("migrate.before")\n        raw.execute("COMMIT")\n'
        "        for statement in statements_for_sqlite(version):\n",
        f"{_UPGRADE}::test_an_upgrade_that_is_killed_leaves_the_old_store",
    ),
    in_runtime(
        "no backup can be made before an upgrade",
        "admin/backup",
        "writers.enter_context(writing(path, older=True))",
        "writers.enter_context(writing(path))",
        f"{_UPGRADE}::test_a_backup_of_before_is_made_and_put_back_by_this_version",
    ),
    in_runtime(
        "a dead letter is forgotten though it blocks its key",
        "database/acting/dead",
        "FROM amphibus_dead WHERE blocks = 0 ORDER BY seq",
        "FROM amphibus_dead WHERE blocks < 2 ORDER BY seq",
        "test_retention.py::test_a_dead_letter_is_kept_that_blocks_its_key_or_if_all_are",
    ),
    in_runtime(
        "a dead letter that is given up is not remembered",
        "database/acting/dead",
        "    await sql.run(_GIVE_UP_OLD, now, limit, before)\n",
        "",
        "test_retention.py::test_dead_letters_hold_back_nothing_and_are_given_up_in_the_end",
    ),
    in_runtime(
        "a page of flows begins with the last of the one before",
        "admin/latest_flows",
        "if place < top)",
        "if place <= top)",
        "tests/console/test_logs.py::test_flows_come_in_pages_by_what_happened_in_them_last",
    ),
    in_runtime(
        "a list of flows ends before all logs are read far enough",
        "admin/latest_flows",
        "len(page) == limit and page[-1][0] > unread",
        "len(page) == limit and page[-1][0] > -1",
        "tests/console/test_logs.py::test_the_latest_flow_is_first_whichever_module_knows_it",
    ),
    in_runtime(
        "dead letters come in another order than their pages",
        "database/acting/dead",
        '" ORDER BY died, id LIMIT ?"',
        '" ORDER BY id, died LIMIT ?"',
        "tests/database/test_history.py::test_pages_hold_each_dead_letter_once",
    ),
)
