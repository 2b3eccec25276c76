"""The settings that each of our sessions asks of a PostgreSQL server, whatever the server's or the role's defaults are.

Said after connecting, not with it: a pooler refuses what it does not know at that moment. One that pools sessions
keeps them for as long as we are connected.
"""

from dataclasses import dataclass
from typing import Final

from amphibus.database.postgres.bounded import ANSWER_SECONDS

_SLACK_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """Bounds of a session's waits at the server, in seconds."""

    handler_seconds: float = 60.0
    """How long a handler may take: what is idle for longer in a transaction is frozen, and holds locks."""
    lock_seconds: float = 8.0
    """How long a statement waits for somebody else's lock."""

    answer_seconds: float = ANSWER_SECONDS
    """How long we wait for the answer to a statement of the runtime."""

    @property
    def statement(self) -> str:
        """Sets them, and makes commits durable and lost peers known."""
        longest = int((self.handler_seconds + _SLACK_SECONDS) * 1000)
        return f"""
            SET lock_timeout = {int(self.lock_seconds * 1000)};
            SET idle_in_transaction_session_timeout = {longest};
            SET statement_timeout = {longest};
            SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3;
            SET tcp_user_timeout = 10000;
            SELECT set_config('synchronous_commit', 'on', false)
            WHERE current_setting('synchronous_commit') = 'off'
        """


ALONE: Final = (
    "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = '30s'"
)
"""For who works while all others wait: a statement takes as long as a table is large, and who is frozen ends."""
BESIDE_OTHERS: Final = """
    SET LOCAL lock_timeout = '10s'; SET LOCAL idle_in_transaction_session_timeout = '10s';
    SET LOCAL tcp_keepalives_idle = 5; SET LOCAL tcp_keepalives_interval = 2;
    SET LOCAL tcp_keepalives_count = 3; SET LOCAL tcp_user_timeout = 10000
"""
"""For an operator's command, beside which no instance commits: one that is frozen or gone holds them up no longer."""
