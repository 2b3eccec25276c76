"""A stand whose contract has a field of every kind: lists, parts, choices, days, amounts, personal data."""

import json
from pathlib import Path
from typing import Final

from tests.distributed.commands import typed
from tests.pages.stand import write_stand

_PARTS: Final = '''
class Extra(Value):
    """Something beside it."""

    sku: Annotated[str, Field(min_length=1, max_length=20)]
    count: Annotated[int, Field(ge=1, le=9)] = 1
    note: Annotated[ShortText, Personal("identity", purpose="to know who wants it")] = ""


'''
_PURPOSES: Final = 'purposes=("to know who it was", "to know who wants it"), '
_FIELDS: Final = """
    wrapping: Annotated[Literal["none", "paper", "box"], Closed("prices hang on it")] = "none"
    gift: bool = False
    price: Amount | None = None
    due: Day | None = None
    extras: Annotated[tuple[Extra, ...], Field(max_length=5)] = ()
    card: Extra | None = None
    tags: int | Annotated[tuple[int, ...], Field(max_length=9)] = 0
"""
_EXAMPLE: Final = """    requires="shelf:sell",
    example={
        "sale_id": "74eda2bf-2087-5bfc-aaaf-7ff4216c8a87",
        "item": "cup",
        "pieces": 2,
        "buyer": "",
        "wrapping": "paper",
        "gift": True,
        "price": "2.50",
        "due": "2026-03-01",
        "extras": [{"sku": "SPOON", "count": 1, "note": ""}],
        "tags": [1, 2],
    },
):"""


def write_counter(folder: Path) -> Path:
    """The project's root."""
    root = write_stand(folder)
    contract = root / "contracts/shelf/v1.py"
    text = contract.read_text()
    text = text.replace("import Annotated", "import Annotated, Literal")
    text = text.replace("Command, Event,", "Amount, Closed, Command, Day, Event,")
    text = text.replace("class Sell(", _PARTS.lstrip() + "class Sell(")
    text = text.replace('    requires="shelf:sell",\n):', _EXAMPLE)
    text = text.replace("buyer: Annotated[str,", "buyer: Annotated[ShortText,")
    end = "to know who it was')] = ''\n"
    contract.write_text(text.replace(end, end + _FIELDS.lstrip("\n")))
    module = root / "modules/shelf/module.py"
    text = module.read_text()
    module.write_text(text.replace('name="shelf", ', 'name="shelf", ' + _PURPOSES))
    return root


def release(root: Path) -> None:
    """Releases the contracts as they are, with what a test has seen the till read; then one is narrowed."""
    done = typed(root, "check", "--fix", environ={})
    assert list(root.glob("contracts/shelf/*.lock.json")), done.stdout + done.stderr
    read = {"format": 1, "events": {"Sold": {"till": {"item": ["tests/test_till.py::it"]}}}}
    (root / "contracts/shelf/v1.reads.json").write_text(json.dumps(read))
    contract = root / "contracts/shelf/v1.py"
    text = contract.read_text()
    contract.write_text(text.replace("Field(ge=1, le=9)] = 1", "Field(ge=1, le=6)] = 1"))
