"""An issuer of tokens as a company has one: its keys, its key set in a file, and tokens good and bad."""

import json
import time
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from amphibus.access.key_set import KeySet
from amphibus.access.roles import Roles
from amphibus.access.tokens import TokenRules, Tokens

ISSUER: Final = "https://id.example.com"
AUDIENCE: Final = "shop.test"


class Issuer:
    """Signs tokens; its public keys are in a file."""

    def __init__(self, folder: Path) -> None:
        self.keys: dict[str, tuple[str, Any]] = {
            "ed": ("EdDSA", Ed25519PrivateKey.generate()),
            "ec": ("ES256", ec.generate_private_key(ec.SECP256R1())),
            "rsa": ("RS256", rsa.generate_private_key(65537, 2048)),
        }
        self.file = folder / "jwks.json"
        self.publish()

    def publish(self) -> None:
        """Writes the key set."""
        listed = [
            {**_jwk(algorithm, key.public_key()), "kid": name, "use": "sig"}
            for name, (algorithm, key) in self.keys.items()
        ]
        self.file.write_text(json.dumps({"keys": listed}))

    def token(self, subject: str = "ada", *, key: str = "ed", **said: Any) -> str:
        """A token that is good unless `said` spoils it; None leaves a claim or a header out."""
        algorithm, private = self.keys[key]
        return sign(claims(subject, **said), private, algorithm, kid=key)

    def tokens(self, roles: Roles | None = None, **rules: Any) -> Tokens:
        """Who looks at tokens of this issuer."""
        return Tokens(
            TokenRules(issuer=ISSUER, audience=AUDIENCE, **rules),
            KeySet(str(self.file), 600.0),
            roles or Roles(),
        )


def claims(subject: str, **said: Any) -> dict[str, Any]:
    """What a good token says, with some of it changed or left out."""
    now = int(time.time())
    found = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "nbf": now, "exp": now + 600} | said
    return {name: each for name, each in found.items() if each is not None}


def sign(said: dict[str, Any], key: Any, algorithm: str, **head: Any) -> str:
    """A token, whatever it says."""
    kept = {name: each for name, each in head.items() if each is not None}
    return jwt.encode(said, key, algorithm=algorithm, headers=kept)


def _jwk(algorithm: str, key: Any) -> dict[str, Any]:
    made: dict[str, Any] = jwt.get_algorithm_by_name(algorithm).to_jwk(key, as_dict=True)
    return made
