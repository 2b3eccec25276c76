"""The TLS context of connections to the broker."""

import ssl
from pathlib import Path

from amphibus.config.settings import RabbitSettings
from amphibus.errors import ConfigError


def tls_context(settings: RabbitSettings) -> ssl.SSLContext:
    """Returns the TLS context: the certificates to check the broker's by, and ours.

    Raises:
        ConfigError: a file cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=settings.tls_ca_file)
        if settings.tls_certificate_file is not None:
            context.load_cert_chain(settings.tls_certificate_file, settings.tls_key_file)
    except (OSError, ssl.SSLError) as error:
        files = (settings.tls_ca_file, settings.tls_certificate_file, settings.tls_key_file)
        raise ConfigError(
            "a TLS file of the broker cannot be used",
            f"{error}; the files are {', '.join(str(Path(each)) for each in files if each)}",
            "amphibus config show",
        ) from None
    return context
