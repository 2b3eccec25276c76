"""Facts that a module's database keeps about itself. Every statement on `amphibus_meta` stands here."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from amphibus.database.sql import Sql

META: Final = "amphibus_meta"
"""The table that a module's database is known by."""

_ALL: Final = "SELECT name, value FROM {}amphibus_meta"
_NOTE: Final = (
    "INSERT INTO amphibus_meta (name, value) VALUES ({}, {})"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
_BEHIND: Final = "behind "
_ROUTES_OF: Final = "routes of "
_SETTINGS: Final = "live settings"
_MARK: Final = "broker"
_NO_BROKERS: Final = (
    f"UPDATE {{}}amphibus_meta SET value = {{}} WHERE name = '{_MARK}' AND value <> ''"
)
_FORGOTTEN: Final = "forgotten_before"
_CURSORS: Final = "cursor_secret"
_HOLD: Final = (
    "INSERT INTO amphibus_meta (name, value) VALUES (?, ?)"
    " ON CONFLICT (name) DO UPDATE SET value = amphibus_meta.value"
)
_NOTE_IN_FILE: Final = _NOTE.format("?", "?")
_NOTE_ON_SERVER: Final = _NOTE.format("$1", "$2")


def facts_of_file(raw: sqlite3.Connection) -> dict[str, str]:
    """Returns what a file says of itself; nothing if it has no tables of the runtime."""
    if not raw.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (META,)).fetchone():
        return {}
    return dict(raw.execute(_ALL.format("")))


def note_facts_of_file(raw: sqlite3.Connection, facts: Mapping[str, str]) -> None:
    """Writes facts into a file."""
    raw.executemany(_NOTE_IN_FILE, facts.items())


def disown_broker_in_file(raw: sqlite3.Connection) -> bool:
    """Puts a mark that no broker has in place of a file's; returns whether there was one."""
    if not facts_of_file(raw):
        return False
    return raw.execute(_NO_BROKERS.format("", "?"), (uuid4().hex,)).rowcount > 0


async def facts_of_schema(raw: Any, module: str) -> dict[str, str]:
    """Returns what a schema says of itself; nothing if it has no tables of the runtime."""
    if not await raw.fetchval("SELECT to_regclass($1)", f'"{module}".{META}'):
        return {}
    return dict(await raw.fetch(_ALL.format(f'"{module}".')))


async def disown_broker_in_schema(raw: Any, module: str) -> bool:
    """Puts a mark that no broker has in place of a schema's; returns whether there was one."""
    if not await facts_of_schema(raw, module):
        return False
    done = await raw.execute(_NO_BROKERS.format(f'"{module}".', "$1"), uuid4().hex)
    return bool(done != "UPDATE 0")


async def note_facts_of_schema(raw: Any, facts: Mapping[str, str]) -> None:
    """Writes facts into the schema that a connection works in."""
    await raw.executemany(_NOTE_ON_SERVER, list(facts.items()))


async def fact(sql: Sql, name: str) -> str | None:
    """Returns one fact, or None if it was never noted."""
    row = await sql.row("SELECT value FROM amphibus_meta WHERE name = ?", name)
    return None if row is None else str(row[0])


async def last_transport(sql: Sql) -> str:
    """Returns what carried the messages of this database's module the last time."""
    row = await sql.row("SELECT value FROM amphibus_meta WHERE name = 'transport'")
    return str(row[0]) if row else "memory"


async def note_transport(sql: Sql, name: str) -> None:
    """Writes down what carries them from now on."""
    await note_fact(sql, "transport", name)


async def note_takeover(sql: Sql, now: int) -> None:
    """Writes down that what a broker had was taken over, and that none carries this module's messages."""
    await note_transport(sql, "memory")
    await note_fact(sql, "taken_over_at", str(now))


async def note_fact(sql: Sql, name: str, value: str) -> None:
    """Writes one fact down."""
    await sql.run(_NOTE_IN_FILE, name, value)


async def behind_noted(sql: Sql) -> dict[int, frozenset[str]]:
    """Returns, by partition, the destinations to which messages may not have arrived that their broker was given."""
    rows = await sql.rows("SELECT name, value FROM amphibus_meta WHERE name LIKE ?", f"{_BEHIND}%")
    return {int(name.removeprefix(_BEHIND)): frozenset(json.loads(value)) for name, value in rows}


async def note_behind(sql: Sql, partition: int, destinations: Iterable[str]) -> None:
    """Writes down the destinations that have to be asked what has arrived of a partition, before more is sent."""
    await note_fact(sql, f"{_BEHIND}{partition}", json.dumps(sorted(destinations)))


async def mark_noted(sql: Sql) -> str:
    """Returns the mark at the broker that has this module's messages; empty if there was none yet."""
    return await fact(sql, _MARK) or ""


async def mark_held(sql: Sql) -> str:
    """Returns the mark in a transaction; nobody else changes it before that ends."""
    await sql.run(_HOLD, _MARK, "")
    return await mark_noted(sql)


async def note_mark(sql: Sql, mark: str) -> None:
    """Writes down the mark at the broker that has this module's messages from now on."""
    await note_fact(sql, _MARK, mark)


async def forgotten_before(sql: Sql) -> int:
    """Returns the time at which a message must have been sent at the earliest to be in the inbox still."""
    return int(await fact(sql, _FORGOTTEN) or 0)


async def note_forgotten(sql: Sql, before: int) -> None:
    """Writes down that what was sent before a time may be forgotten; what was forgotten stays so."""
    await sql.run(_HOLD, _FORGOTTEN, "0")  # instances that remember for different times meet here
    if before > await forgotten_before(sql):
        await note_fact(sql, _FORGOTTEN, str(before))


async def cursor_secret(sql: Sql) -> str | None:
    """Returns the secret by which the module's cursors are sealed; None if there was none yet."""
    return await fact(sql, _CURSORS)


async def keep_cursor_secret(sql: Sql, made: str) -> str:
    """Keeps a secret for cursors, unless there is one; returns the one that counts."""
    await sql.run(_HOLD, _CURSORS, made)
    return await cursor_secret(sql) or made


async def routes_noted(sql: Sql) -> dict[str, int] | None:
    """Returns the routes of a module's messages, each with the number of the last message before it; None if unknown.

    A route is the type of a message and a destination, with a space between.
    """
    row = await sql.row("SELECT value FROM amphibus_meta WHERE name = 'routes'")
    return None if row is None else dict(json.loads(row[0]))


async def begin_routes(sql: Sql, destination: str, types: Sequence[str], *, beyond: int) -> None:
    """Writes down that messages of these types beyond a number go to a destination, if only later ones did."""
    noted = await routes_noted(sql)
    if noted is None:
        return  # it goes back to the beginning
    earlier = {
        name: beyond
        for name in (f"{each} {destination}" for each in types)
        if noted.get(name, 0) > beyond
    }
    if earlier:
        await note_routes(sql, noted | earlier)


async def note_routes(sql: Sql, routes: Mapping[str, int]) -> None:
    """Writes down since when messages take each route."""
    await note_fact(sql, "routes", json.dumps(routes))


async def routes_of_instances(sql: Sql) -> dict[str, frozenset[str]]:
    """Returns the routes on which each of several instances sends, as it has noted them."""
    rows = await sql.rows(
        "SELECT name, value FROM amphibus_meta WHERE name LIKE ?", f"{_ROUTES_OF}%"
    )
    return {name.removeprefix(_ROUTES_OF): frozenset(json.loads(value)) for name, value in rows}


async def note_routes_of(sql: Sql, instance: str, routes: Iterable[str]) -> None:
    """Writes down on which routes an instance sends."""
    await note_fact(sql, f"{_ROUTES_OF}{instance}", json.dumps(sorted(routes)))


async def forget_routes_of(sql: Sql, instances: Iterable[str]) -> None:
    """Forgets on which routes some instances sent."""
    for each in instances:
        await sql.run("DELETE FROM amphibus_meta WHERE name = ?", f"{_ROUTES_OF}{each}")


async def settings_noted(sql: Sql) -> str | None:
    """Returns the settings in force when a process last changed them, as it wrote them down; None if it never did."""
    return await fact(sql, _SETTINGS)


async def note_settings(sql: Sql, value: str) -> None:
    """Writes down the settings that are in force, for a start while nobody can say what they are."""
    await note_fact(sql, _SETTINGS, value)


async def process_noted(sql: Sql, process: str) -> str:
    """Returns what was noted of a process at the last start; empty if it is new here."""
    row = await sql.row("SELECT value FROM amphibus_meta WHERE name = ?", f"process {process}")
    return str(row[0]) if row else ""


async def note_process(sql: Sql, process: str, value: str) -> None:
    """Notes a process as it is from now on."""
    await note_fact(sql, f"process {process}", value)


async def audit_head(sql: Sql) -> tuple[int, str]:
    """Returns the number and the hash of the last entry of the audit; 0 and nothing if there is none."""
    row = await sql.row("SELECT value FROM amphibus_meta WHERE name = 'audit_head'")
    number, _, digest = str(row[0] if row else "0 ").partition(" ")
    return int(number), digest


async def move_audit_head(sql: Sql, number: int, digest: str) -> None:
    """Notes the last entry of the audit. Two transactions that add one meet here, and the later is run again."""
    await note_fact(sql, "audit_head", f"{number} {digest}")
