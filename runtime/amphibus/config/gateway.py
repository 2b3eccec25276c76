"""The settings of the HTTP side."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from amphibus.config.hot import Hot
from amphibus.config.section import Positive, Seconds, Section


class GatewaySettings(Section):
    """The settings of the HTTP side."""

    body_limit_bytes: Annotated[Positive, Hot()] = 2_000_000
    """Largest request body, whatever its contract says (`body_bytes`); a larger one is answered 413."""
    accept_within_seconds: Annotated[float, Field(ge=0, le=60), Hot()] = 1.0
    """Time that the answer to a stored command waits for its owner, so that a next read finds the result."""
    request_timeout_seconds: Annotated[Seconds, Hot()] = 5.0
    """Time limit of a query or a decided command."""
    page_limit: Annotated[int, Field(ge=1, le=10_000), Hot("items")] = 200
    """Most items of one page."""
    waiters: Annotated[int, Field(ge=0, le=100_000)] = 2_000
    """Most clients that wait for an outcome at a time, in one process."""
    waiters_per_client: Annotated[int, Field(ge=0, le=100_000)] = 1_000
    """Most of them from one address, which may be that of a proxy."""
    longest_wait_seconds: Annotated[float, Field(ge=0, le=300)] = 60.0
    """Longest time that a request with `Prefer: wait` waits."""
    idempotency_secret: Annotated[SecretStr, Field(min_length=32)] | None = None
    """Text of 32 characters or more from which the ids of requests are derived, for gateways that do not share a
    database; not set: the secret in the gateway's database. By file: `AMPHIBUS_GATEWAY__IDEMPOTENCY_SECRET_FILE`."""
    tls_certificate_file: Path | None = None
    """Certificate of the gateway; with it, it speaks HTTPS alone."""
    tls_key_file: Path | None = None
    """The key of that certificate."""
    tls_client_ca_file: Path | None = None
    """Certificates that those of clients are checked against; `access.certificates` says who they are."""

    @model_validator(mode="after")
    def _files_belong_together(self) -> Self:
        if self.tls_certificate_file is None and (self.tls_key_file or self.tls_client_ca_file):
            raise ValueError("tls_key_file and tls_client_ca_file need a tls_certificate_file")
        return self
