"""Defects by which a copy that was kept is lost, or half a copy is taken for a whole one."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

_DB: Final = "tests/console/test_db.py"
BACKUPS: Final[tuple[Defect, ...]] = (
    in_runtime(
        "a restore writes over what an earlier one kept",
        "admin/backup",
        "if not os.path.lexists(each))",
        "if each)",
        f"{_DB}::test_a_second_restore_keeps_what_the_first_one_kept",
    ),
    in_runtime(
        "a backup that was broken off is restored",
        "admin/backup",
        "    refuse_unfinished(folder)\n    found = databases(folder)",
        "    found = databases(folder)",
        f"{_DB}::test_a_backup_that_was_broken_off_is_none",
    ),
    in_runtime(
        "a backup is one from its first file on",
        "admin/backup",
        "            (folder / _UNFINISHED).touch()\n",
        "",
        f"{_DB}::test_until_all_is_copied_a_backup_says_that_it_is_none",
    ),
    in_runtime(
        "a restore replaces one database before it has copied the next",
        "admin/backup",
        "                sync_file(_fresh(target))\n",
        "                sync_file(_fresh(target))\n                _put_in_place(target)\n",
        f"{_DB}::test_where_one_copy_finds_no_room_nothing_is_replaced",
    ),
    in_runtime(
        "a log that is being read is taken for folded in",
        "admin/backup",
        "    if busy:\n",
        "    if not busy and busy:\n",
        f"{_DB}::test_a_database_that_another_program_reads_is_not_replaced",
    ),
    in_runtime(
        "a restored schema takes a broker that lives on for the one that has its messages",
        "database/facts",
        '    done = await raw.execute(_NO_BROKERS.format(f\'"{module}".\', "$1"), uuid4().hex)\n',
        '    done = "UPDATE 1"\n',
        "tests/database/test_operators_commands.py"
        "::test_a_restored_schema_knows_no_broker_that_there_is",
    ),
    in_runtime(
        "a schema that a killed restore kept is dropped by the next",
        "admin/server_backup",
        "    # One that is away was moved aside by a restore that was killed: what it kept is all there is.\n",
        "    await connection.execute(f'DROP SCHEMA IF EXISTS \"{kept(schema)}\" CASCADE')\n",
        "tests/database/test_operators_commands.py"
        "::test_what_a_killed_restore_kept_outlives_the_next_that_fails",
    ),
    in_runtime(
        "modules begin on files of which a killed restore has replaced half",
        "database/sqlite/restoring",
        "    except (FileNotFoundError, NotADirectoryError):\n        return\n",
        "    except (FileNotFoundError, NotADirectoryError):\n        return\n    return\n",
        f"{_DB}::test_nobody_works_on_databases_that_a_killed_restore_has_replaced_half_of",
    ),
    in_runtime(
        "a module begins on a schema that a killed restore has only read in",
        "database/postgres/store",
        "            await refuse_half_restored(raw, self.module, self.where)\n",
        "",
        "tests/database/test_operators_commands.py"
        "::test_nobody_works_on_a_schema_that_a_killed_restore_has_read_in",
    ),
    in_runtime(
        "what was there is dropped for the copy that a killed restore has read in",
        "admin/server_backup",
        "        if is_kept and begun:  # and one that it has read in is a copy\n",
        "        if is_kept and begun and not schema:\n",
        "tests/database/test_operators_commands.py"
        "::test_nobody_works_on_a_schema_that_a_killed_restore_has_read_in",
    ),
)
