"""The reasons for which a broker lets nobody in, as errors that say what to correct."""

import ssl
from typing import Final
from urllib.parse import unquote

from aiormq.exceptions import (
    AuthenticationError,
    ChannelPreconditionFailed,
    ConnectionClosed,
    InvalidFrameError,
    ProbableAuthenticationError,
)
from yarl import URL

from amphibus.errors import ConfigError
from amphibus.transports.rabbitmq.address import shown

_FORBIDDEN: Final = (403, 530)


def explained(error: BaseException, url: URL) -> ConfigError | None:
    """Returns the error that says what to change, if trying again is useless."""
    user = unquote(url.user or "guest")
    if isinstance(error, AuthenticationError | ProbableAuthenticationError):
        return ConfigError(
            f"the broker at {shown(url)} does not let '{user}' in",
            "user name or password is wrong, or the user may not connect from here",
            "correct --amqp or AMPHIBUS_AMQP_URL",
        )
    if _opening_refused(error):
        return ConfigError(
            f"the broker at {shown(url)} refuses '{user}' the virtual host",
            f"there is no '{unquote(url.path[1:]) or '/'}', or the user may not use it",
            "correct the last part of --amqp, or let an administrator grant it",
        )
    if isinstance(error, ChannelPreconditionFailed):
        return ConfigError(
            "something at the broker has other arguments than this version uses",
            str(error.args[0] if error.args else error),
            "stop the old version, let its queues run empty, delete them; or use another env",
        )
    if isinstance(error.__cause__, ssl.SSLError):
        return ConfigError(
            f"no secure connection to the broker at {shown(url)}",
            str(error.__cause__),
            "correct rabbitmq.tls_ca_file, or the certificate's names",
        )
    return None


def _opening_refused(error: BaseException) -> bool:
    """Returns whether user and password were right and the connection was closed all the same."""
    if isinstance(error, ConnectionClosed):
        return bool(error.args) and error.args[0] in _FORBIDDEN
    # For this case, the library reports only the frame that it expected.
    return isinstance(error, InvalidFrameError) and "Connection.OpenOk" in str(error)
