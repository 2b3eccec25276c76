"""A profile is divided among parts that we know by name, and nothing of it is lost."""

import pytest

from tests.benchmarks.budget import shares
from tests.benchmarks.profile import still

FOLDED = """\
main (run.py:1);Writer._try (amphibus/unit_of_work/writer.py:230);\
SqliteConnection.commit (amphibus/database/sqlite/connection.py:109) 30
main (run.py:1);confirm (modules/orders/handlers/fulfilment.py:70);set_content (email/message.py:10) 20
main (run.py:1);Session.flush (sqlalchemy/orm/session.py:1) 40
main (run.py:1) 10
"""


def test_a_sample_belongs_to_the_innermost_part_that_has_a_name() -> None:
    assert shares(FOLDED.splitlines()) == {
        "the ORM and its statements": pytest.approx(0.4),
        "commits of the database": pytest.approx(0.3),
        "handlers of the modules": pytest.approx(0.2),
        "everything else": pytest.approx(0.1),
    }


def test_without_samples_there_are_no_shares() -> None:
    assert shares([]) == {}


def test_a_flame_graph_is_kept_without_its_program() -> None:
    drawn = '<svg onload="init(e)"><script>\nrun()\n</script><text id="search">Search</text><g>a hop</g></svg>'

    assert still(drawn) == "<svg><g>a hop</g></svg>"
