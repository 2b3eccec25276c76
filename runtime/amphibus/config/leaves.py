"""The settings that a model declares, one by one: their types, and what is declared with them."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple, get_args, get_origin

from pydantic import BaseModel, SecretStr, TypeAdapter
from pydantic.fields import FieldInfo

from amphibus.config.hot import Hot
from amphibus.config.masking import FREE

ANY_NAME: Final = "NAME"
NAMED: Final = ("producers", "webhooks", "incoming_webhooks", "lint", "log_levels")
"""Tables whose names are free, and what stands under a name is not."""


class Leaf(NamedTuple):
    """One setting, with its type."""

    adapter: TypeAdapter[Any]
    texts: frozenset[Any]
    """Its types that TOML can only write as others: paths and secrets as text, tuples as lists."""
    field: FieldInfo
    """Its declaration; of a free name, that of its table."""

    @property
    def hot(self) -> Hot | None:
        """Its mark, if it may change while the process runs."""
        return next((each for each in self.field.metadata if isinstance(each, Hot)), None)

    @property
    def secret(self) -> bool:
        """True if its value is never shown."""
        return SecretStr in self.texts


def secrets_of(model: type[BaseModel]) -> set[str]:
    """Returns the dotted keys of a model that are declared as secrets."""
    return {key for key, leaf in leaves(model) if leaf.secret}


def leaves(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Leaf]]:
    """Yields the settings of a model by their dotted keys; a free name in them is `NAME`."""
    return ((f"{prefix}{key}", leaf) for key, leaf in _leaves(model))


@lru_cache(64)
def _leaves(model: type[BaseModel]) -> tuple[tuple[str, Leaf], ...]:
    """Kept, as Pydantic takes its time for each adapter and a start needs all of them more than once."""
    return tuple(_found(model))


def _found(model: type[BaseModel]) -> Iterator[tuple[str, Leaf]]:
    for name, field in model.model_fields.items():
        part = field.annotation
        if isinstance(part, type) and issubclass(part, BaseModel):
            yield from leaves(part, f"{name}.")
        elif name in NAMED:
            each = get_args(part)[1]
            if isinstance(each, type) and issubclass(each, BaseModel):
                yield from leaves(each, f"{name}.{ANY_NAME}.")
            else:
                yield f"{name}.{ANY_NAME}", Leaf(TypeAdapter(each), frozenset(), field)
        elif name not in FREE:
            whole: Any = Annotated[part, field]
            texts = {part, get_origin(part), *get_args(part)} & {Path, SecretStr, tuple}
            yield name, Leaf(TypeAdapter(whole), frozenset(texts), field)


def named(known: Mapping[str, Leaf], key: str) -> Mapping[str, Leaf]:
    """The known settings, those of a table with free names under the name that a key gives it."""
    table, _, rest = key.partition(".")
    if table not in NAMED or not rest:
        return known
    name = rest.partition(".")[0]
    return {each.replace(ANY_NAME, name): leaf for each, leaf in known.items()}
