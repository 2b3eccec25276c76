"""An example as a program that is killed before one of its lines, or at a failpoint.

python -m tests.integrations.killed app|service PORT [LINE|FAILPOINT]
"""

import asyncio
import os
import signal
import sys
from types import FrameType
from typing import Any

import uvicorn

from amphibus import failpoints
from examples.fastapi_application import app
from examples.faststream_service import service


def _kill_before(path: str, line: int) -> None:
    def look(frame: FrameType, _event: str, _what: Any) -> Any:
        if frame.f_code.co_filename != path:
            return None
        if frame.f_lineno == line:
            os.kill(os.getpid(), signal.SIGKILL)
        return look

    sys.settrace(look)


def made_in(name: str) -> str:
    """The file of an example."""
    path = (app if name == "app" else service).__file__
    assert path is not None
    return path


def main(name: str, port: int, point: str) -> None:
    """Runs it until it is killed."""
    made = app.create_app() if name == "app" else service.create_app()
    if point.isdigit():
        _kill_before(made_in(name), int(point))
    else:
        failpoints.arm(point)
    if name == "app":
        uvicorn.run(made, port=port, log_level="warning")  # type: ignore[arg-type]
    else:
        asyncio.run(made.run())  # type: ignore[union-attr]


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
