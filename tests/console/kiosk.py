"""A small project of its own, written to a temporary folder: a shelf and a till."""

from pathlib import Path
from typing import Final

FILES: Final = {
    "config/amphibus.toml": """
app = "kiosk"

[bus]
quick_retries = 0
max_attempts = 1
poll_seconds = 0.1
""",
    "contracts/__init__.py": "",
    "contracts/shelf/__init__.py": "",
    "contracts/shelf/v1.py": '''"""What can be asked of the shelf."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from amphibus.contract import Command, Event, Get, Post, Query, ShortText, Value


class Accepted(Value):
    """It is kept."""

    sale_id: UUID


class Sell(
    Command[Accepted],
    key="sale_id",
    http=Post("/v1/sales", stored=True, location="/v1/sales/{sale_id}"),
    requires="shelf:sell",
):
    """Sells pieces of something."""

    sale_id: UUID | None = None
    item: Annotated[ShortText, Field(min_length=1)]
    pieces: Annotated[int, Field(ge=1)] = 1


class Sold(Event, key="sale_id"):
    """Something was sold."""

    sale_id: UUID
    item: str


class Shelf(Value):
    """What stands on it."""

    items: tuple[str, ...]


class GetShelf(Query[Shelf], http=Get("/v1/shelves/{name}"), requires="shelf:read"):
    """Reads what stands on a shelf."""

    name: ShortText
    limit: int = 10
''',
    "modules/__init__.py": "",
    "modules/shelf/__init__.py": "",
    "modules/shelf/module.py": '''"""The shelf."""

from typing import Any

from amphibus import Context, Module, on
from contracts.shelf import v1 as shelf


async def sell(message: shelf.Sell, context: Context[Any]) -> None:
    if message.item == "glass":
        raise RuntimeError("it broke")
    assert message.sale_id is not None
    context.publish(shelf.Sold(sale_id=message.sale_id, item=message.item))


async def look(message: shelf.GetShelf, _: Context[Any]) -> shelf.Shelf:
    return shelf.Shelf(items=("cup", "plate")[: message.limit])


module = Module(
    name="shelf", handles=(on(shelf.Sell, sell), on(shelf.GetShelf, look)), publishes=(shelf.Sold,)
)
''',
    "modules/till/__init__.py": "",
    "modules/till/module.py": '''"""The till."""

from typing import Any

from amphibus import Context, Module, on
from contracts.shelf import v1 as shelf


async def ring(message: shelf.Sold, context: Context[Any]) -> None:
    pass


module = Module(name="till", subscribes=(on(shelf.Sold, ring),))
''',
}


def write_kiosk(folder: Path) -> Path:
    """The project's root, made in an empty folder."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
