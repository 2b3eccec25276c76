"""The migrations make exactly the tables that the code works with, and can be taken back."""

import importlib
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable

from tests.modules.shop import ROOT
from tests.modules.test_containers import MODULES


def scripts_of(name: str) -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "modules" / name / "migrations"))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def migrate(connection: sa.Connection, scripts: ScriptDirectory, *, up: bool) -> None:
    step = scripts._upgrade_revs if up else scripts._downgrade_revs
    target = "heads" if up else "base"
    context = EnvironmentContext(Config(), scripts, fn=lambda here, _: step(target, here))
    with context:
        context.configure(connection=connection, render_as_batch=True)
        with context.begin_transaction():
            context.run_migrations()


@pytest.mark.parametrize("name", MODULES)
def test_the_migrations_make_the_tables_of_the_models(name: str, tmp_path: Path) -> None:
    tables = importlib.import_module(f"modules.{name}.module").module.tables
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'module.db'}")
    with engine.begin() as connection:
        migrate(connection, scripts_of(name), up=True)
        options = {"compare_type": True, "compare_server_default": True}
        found = compare_metadata(MigrationContext.configure(connection, opts=options), tables)
        made = {
            table: connection.execute(
                sa.text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": table}
            ).scalar_one()
            for table in tables.tables
        }
        migrate(connection, scripts_of(name), up=False)
        left = set(sa.inspect(connection).get_table_names()) - {"alembic_version"}
    engine.dispose()

    assert found == []
    assert left == set()
    for table in tables.tables.values():
        for constraint in table.constraints:
            assert str(constraint.name) in made[table.name], "a CHECK is not seen by the comparison"


@pytest.mark.parametrize("name", MODULES)
def test_every_column_means_the_same_on_both_databases(name: str) -> None:
    """Money must not become a float on one of them, nor a time lose its zone."""
    tables = importlib.import_module(f"modules.{name}.module").module.tables
    for table in tables.tables.values():
        for dialect in (sqlite.dialect(), postgresql.dialect()):  # type: ignore[no-untyped-call]
            text = str(CreateTable(table).compile(dialect=dialect))
            assert "FLOAT" not in text
            assert "TIMESTAMP WITHOUT" not in text
