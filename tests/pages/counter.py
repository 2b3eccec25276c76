"""A stand whose contract has a field of every kind: lists, parts, choices, days, amounts, personal data."""

from pathlib import Path
from typing import Final

from tests.pages.stand import write_stand

_PARTS: Final = '''
class Extra(Value):
    """Something beside it."""

    sku: Annotated[str, Field(min_length=1, max_length=20)]
    count: Annotated[int, Field(ge=1, le=9)] = 1
    note: Annotated[str, Personal("identity", purpose="to know who wants it")] = ""


'''
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
    end = "to know who it was')] = ''\n"
    contract.write_text(text.replace(end, end + _FIELDS.lstrip("\n")))
    return root
