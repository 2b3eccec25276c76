"""The settings of signatures."""

from collections.abc import Mapping
from pathlib import Path

from amphibus.config.section import Section


class SignatureSettings(Section):
    """The settings of signatures, for a broker that others run."""

    required: bool = False
    """Messages over the broker that their source has not signed become dead letters."""
    private_keys: Path | None = None
    """Folder of private keys, `<module>.pem`: whose key is there, signs. `amphibus signatures create` makes them."""
    keys: Mapping[str, Mapping[str, str]] = {}
    """`[signatures.keys.<module>]`: its public keys by their ids; several while one takes another's place."""
