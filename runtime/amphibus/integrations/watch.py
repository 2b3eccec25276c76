"""Tells the application's log of tasks that fail, in the place of the health that a module's process has."""

import logging


class LoggedTasks:
    """A `TaskWatch` that writes to a logger of the standard library."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log

    def task_failed(self, name: str, error: BaseException, *, times: int, hopeless: bool) -> None:
        """Says that a task ended by an error and is begun again."""
        level = logging.ERROR if hopeless else logging.WARNING
        self._log.log(
            level, "%s failed %d times in a row and is begun again", name, times, exc_info=error
        )

    def task_works(self, name: str, *, times: int, seconds: float) -> None:
        """Says that it works again."""
        self._log.info("%s works again, after %d failures in %.1f s", name, times, seconds)

    def task_stopped(self, name: str) -> None:
        """Nothing: who stopped it knows."""

    def task_left(self, name: str) -> None:
        """Says that it does not end."""
        self._log.warning("%s was told to stop and does not", name)
