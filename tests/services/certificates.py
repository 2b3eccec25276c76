"""Certificates of an authority of the tests' own."""

import subprocess
from pathlib import Path

from tests.services.installing import program

_OF_A_SERVER = """
subjectAltName = DNS:localhost
basicConstraints = CA:FALSE
keyUsage = digitalSignature, keyEncipherment
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""
"""What RFC 5280 asks of a certificate, and Python from 3.13 on."""


def certificates(folder: Path) -> Path:
    """Makes `ca.pem`, and `server` and `client` with their keys, all for localhost, in a new folder."""
    program("openssl")
    folder.mkdir()

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    authority = ("-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test-ca")
    uses = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
    openssl("req", *authority, *uses, "-keyout", "ca.key", "-out", "ca.pem")
    for name in ("server", "client"):
        (folder / "names").write_text(_OF_A_SERVER)
        request = ("-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost")
        openssl("req", *request, "-keyout", f"{name}.key", "-out", f"{name}.csr")
        signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2")
        openssl(
            "x509",
            "-req",
            "-in",
            f"{name}.csr",
            *signed,
            "-extfile",
            "names",
            "-out",
            f"{name}.pem",
        )
    return folder
