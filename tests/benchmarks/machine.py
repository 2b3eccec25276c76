"""The machine and the versions that a run was made with."""

import importlib.metadata
import os
import platform
import sqlite3
from pathlib import Path
from typing import Final

_LIBRARIES: Final = (
    *("aio-pika", "aiormq", "faststream", "pydantic", "sqlalchemy", "sqlmodel", "asyncpg"),
    *("aiosqlite", "starlette", "fastapi", "uvicorn", "uvloop", "dramatiq", "celery"),
)


def describe(*, rabbitmq: str, postgres: str) -> dict[str, str]:
    """What a reader needs to compare the figures with his own."""
    libraries = [f"{name} {importlib.metadata.version(name)}" for name in _LIBRARIES]
    return {
        "Processor": f"{_processor()}, {os.cpu_count()} cores",
        "Memory": f"{_memory():.0f} GiB",
        "System": f"{platform.system()} {platform.release()}",
        "Python": f"{platform.python_version()} ({platform.python_implementation()}), uvloop",
        "RabbitMQ": rabbitmq,
        "PostgreSQL": postgres,
        "SQLite": sqlite3.sqlite_version,
        "Libraries": ", ".join(libraries),
    }


def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        for line in listed.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _memory() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
