"""Tells schemas that a restore was replacing when it was killed, by an empty schema beside each: every role sees it.

What is restored knows the broker of before until the restore comes to its end, and what was there stands aside.
"""

from typing import Any

from amphibus.errors import StoreError


def unfinished(module: str) -> str:
    """Returns the name of the schema that says that a module's is not restored wholly."""
    return f"{module}_unfinished_restore"


async def is_there(raw: Any, schema: str) -> bool:
    """Returns whether a database has a schema."""
    return bool(await raw.fetchval("SELECT to_regnamespace($1) IS NOT NULL", f'"{schema}"'))


async def refuse_half_restored(raw: Any, module: str, where: str) -> None:
    """Refuses a schema that is not restored wholly, or is away because of that; another restore brings it back.

    Raises:
        StoreError: a restore of it was broken off.
    """
    if await is_there(raw, unfinished(module)):
        raise StoreError(
            f"{where} is half restored",
            "a restore was broken off; what was there before is kept beside it",
            "amphibus db restore --from FOLDER",
        )
