"""A kiosk whose glasses break with what was asked for in the error, and whose buyers have names."""

from pathlib import Path
from typing import Final

from tests.console.kiosk import write_kiosk

BUYER: Final = "Ada Augusta King"


def write_stand(folder: Path) -> Path:
    """The project's root."""
    root = write_kiosk(folder)
    contract, module = root / "contracts/shelf/v1.py", root / "modules/shelf/module.py"
    text = contract.read_text()
    text = text.replace("Event, Get, Post,", "Event, Get, Personal, Post,")
    text = text.replace(
        "    pieces: Annotated[int, Field(ge=1)] = 1\n",
        "    pieces: Annotated[int, Field(ge=1)] = 1\n"
        "    buyer: Annotated[str, Personal('identity', purpose='to know who it was')] = ''\n",
    )
    text = text.replace(
        "Annotated[ShortText, Field(min_length=1)]", "Annotated[str, Field(max_length=300)]"
    )
    contract.write_text(text)
    text = module.read_text()
    text = text.replace('message.item == "glass"', 'message.item.startswith("glass")')
    module.write_text(
        text.replace('RuntimeError("it broke")', 'RuntimeError("it broke: " + message.item)')
    )
    return root
