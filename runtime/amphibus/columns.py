"""The tools to declare a module's tables: a registry of its own and exact columns for money."""

from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, MetaData, Numeric, TypeDecorator
from sqlalchemy.orm import registry

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def module_registry() -> registry:
    """Returns a registry with metadata of its own, so that two modules may have tables of the same name.

    `class Base(SQLModel, registry=module_registry())` is then the base of all tables of the
    module; its front page says `tables=Base.metadata`.
    """
    return registry(metadata=MetaData(naming_convention=_NAMES))


class Exact(TypeDecorator[Decimal]):
    """A decimal column with no float in between: scaled integers, NUMERIC on PostgreSQL.

    A value with more decimals than `scale` is refused, never rounded silently.
    """

    impl = Integer
    cache_ok = True

    def __init__(self, scale: int = 4) -> None:
        super().__init__()
        self.scale = scale

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Returns the column type for a database."""
        exact = Numeric(20, self.scale) if dialect.name == "postgresql" else BigInteger()
        return dialect.type_descriptor(exact)

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Converts a value for the database.

        Raises:
            ValueError: the value has more decimals than the column keeps.
        """
        if value is None:
            return None
        scaled = value.scaleb(self.scale)
        if scaled != scaled.to_integral_value():
            message = f"{value} has more than {self.scale} decimals: round it before it is stored"
            raise ValueError(message)
        return value if dialect.name == "postgresql" else int(scaled)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Decimal | None:
        """Converts a value from the database."""
        if value is None or dialect.name == "postgresql":
            return value
        return Decimal(value).scaleb(-self.scale)


class Cents(Exact):
    """An exact column for money to the cent."""

    cache_ok = True

    def __init__(self) -> None:
        super().__init__(scale=2)
