"""HTTPS of the gateway's own, and the certificates by which clients show who they are."""

import ssl
from typing import Any

from amphibus.config.settings import Settings
from amphibus.errors import ConfigError


def options(settings: Settings) -> dict[str, Any]:
    """Returns what makes the server speak HTTPS, if that is set.

    Raises:
        ConfigError: the files cannot be used, or nobody checks the certificates of clients.
    """
    gateway = settings.gateway
    if settings.access.certificates and gateway.tls_client_ca_file is None:
        raise ConfigError(
            "[access.certificates] names clients by their certificates, and nothing checks those",
            "gateway.tls_client_ca_file is not set",
            "set gateway.tls_client_ca_file, with tls_certificate_file and tls_key_file",
        )
    if gateway.tls_certificate_file is None:
        return {}
    found: dict[str, Any] = {
        "ssl_certfile": gateway.tls_certificate_file,
        "ssl_keyfile": gateway.tls_key_file,
    }
    if gateway.tls_client_ca_file is not None:
        found |= {
            "ssl_ca_certs": str(gateway.tls_client_ca_file),
            "ssl_cert_reqs": ssl.CERT_OPTIONAL,
        }
    return found


def unusable(error: OSError | ssl.SSLError) -> ConfigError:
    """Returns the error of files that HTTPS cannot be made with."""
    return ConfigError(
        "the gateway's certificate or key cannot be used",
        str(error),
        "check gateway.tls_certificate_file, tls_key_file and tls_client_ca_file",
    )
