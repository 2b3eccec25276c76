"""The TLS contexts of direct connections: both sides show a certificate of the same authority."""

import ssl

from amphibus.config.settings import DirectSettings
from amphibus.errors import ConfigError


def answering_context(settings: DirectSettings) -> ssl.SSLContext | None:
    """Returns the context of the side that listens; None without TLS.

    Raises:
        ConfigError: a file cannot be used.
    """
    return _context(settings, ssl.Purpose.CLIENT_AUTH)


def asking_context(settings: DirectSettings) -> ssl.SSLContext | None:
    """Returns the context of the side that connects; None without TLS.

    Raises:
        ConfigError: a file cannot be used.
    """
    return _context(settings, ssl.Purpose.SERVER_AUTH)


def _context(settings: DirectSettings, purpose: ssl.Purpose) -> ssl.SSLContext | None:
    if settings.tls_certificate_file is None:
        return None
    try:
        context = ssl.create_default_context(purpose, cafile=settings.tls_ca_file)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(settings.tls_certificate_file, settings.tls_key_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            "a TLS file of direct connections cannot be used", str(error), "amphibus config show"
        ) from None
    return context
