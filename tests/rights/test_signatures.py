"""Signatures: a message is believed only as its source has signed it, with one of the keys that it has now."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from amphibus.config.signatures import SignatureSettings
from amphibus.errors import ConfigError
from amphibus.messages.cloudevents import to_headers
from amphibus.messages.envelope import Envelope
from amphibus.transports.rabbitmq.incoming.senders import Senders
from amphibus.transports.rabbitmq.properties import Arrival, without_signature
from amphibus.transports.rabbitmq.signatures.keys import (
    key_id,
    new_private_key,
    private_key,
    public_text,
    signatures_of,
    signer_of,
)
from amphibus.transports.rabbitmq.signatures.signing import signed_bytes
from tests.rights.test_matrix import NAMES

BODY = b'{"order_id": "1"}'
ORDER = Envelope(
    id="1",
    type="orders.PlaceOrder.v1",
    source="storefront",
    key="k",
    time=1_790_000_000_000_000,
    correlation="1",
    causation=None,
    trace="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    body=BODY,
)


def key(folder: Path, name: str) -> tuple[str, str]:
    """Makes a private key; the id of its public key, and that."""
    path = folder / f"{name}.pem"
    path.touch(mode=0o600)
    path.write_bytes(new_private_key())
    public = public_text(private_key(path)[1])
    return key_id(public), public


def signed(folder: Path, envelope: Envelope = ORDER) -> dict[str, str]:
    """The headers of a message, as its source signs them."""
    headers: dict[str, Any] = dict(to_headers(envelope))
    signer = signer_of(SignatureSettings(private_keys=folder))
    assert signer is not None
    signer.sign(envelope.source, headers, envelope.body)
    return headers


def judged(
    headers: dict[str, str], body: bytes = BODY, way: str = "orders.PlaceOrder.v1.p0", **keys: Any
) -> str | None:
    """What orders says to it, with these public keys."""
    settings = SignatureSettings(
        required=True, keys={source: dict(some) for source, some in keys.items()}
    )
    rule = Senders("orders", NAMES, verify=False, signatures=signatures_of(settings))
    arrival = Arrival(body, headers, "1", "", "", "", "", "shop.dev.orders.commands", way)
    envelope = replace(ORDER, type=headers["ce-type"], source=headers["ce-source"][1:], body=body)
    return rule.forgery(envelope, arrival)


def test_what_its_source_has_signed_is_believed(tmp_path: Path) -> None:
    known = key(tmp_path, "storefront")

    assert judged(signed(tmp_path), storefront=[known]) is None


def test_the_bytes_that_are_signed_are_those_of_the_page() -> None:
    """A program in another language makes them by docs/wire-format.md."""
    headers = to_headers(ORDER) | {"ce-signaturekey": "k", "ce-signature": "s", "BCC": "x"}

    assert signed_bytes(headers, b"body") == (
        b"amphibus-signature-1\n"
        b"ce-correlationid:1\n"
        b"ce-id:1\n"
        b"ce-partitionkey:k\n"
        b"ce-source:/storefront\n"
        b"ce-specversion:1.0\n"
        b"ce-time:2026-09-21T14:13:20Z\n"
        b"ce-type:orders.PlaceOrder.v1\n"
        b"\nbody"
    )


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"ce-id": "2"}, "was changed"),
        ({"ce-time": "2026-09-22T14:13:20Z"}, "was changed"),
        ({"ce-actor": "operator:root"}, "was changed"),
        ({"ce-signature": "AAAA"}, "was changed"),
        ({"ce-signature": "é"}, "was changed"),
        ({"ce-signaturekey": "other"}, "none of storefront"),
        ({"ce-source": "/gateway"}, "none of gateway"),
    ],
)
def test_what_was_changed_on_its_way_is_forged(
    tmp_path: Path, changed: dict[str, str], why: str
) -> None:
    known = key(tmp_path, "storefront")
    found = judged(signed(tmp_path) | changed, storefront=[known])

    assert found is not None
    assert why in found


def test_so_is_another_body_and_what_nobody_has_signed(tmp_path: Path) -> None:
    known = key(tmp_path, "storefront")
    plain = dict(to_headers(ORDER))

    assert "was changed" in (judged(signed(tmp_path), b"{}", storefront=[known]) or "")
    assert "not signed" in (judged(plain, storefront=[known]) or "")


def test_a_key_signs_for_its_source_alone(tmp_path: Path) -> None:
    """Whoever runs one module has no word for another."""
    mine = key(tmp_path, "payments")
    headers = signed(tmp_path, replace(ORDER, source="payments")) | {"ce-source": "/storefront"}

    assert "none of storefront" in (judged(headers, payments=[mine]) or "")


def test_what_is_sent_again_by_another_way_is_forged(tmp_path: Path) -> None:
    """Whoever runs the broker has good signatures, of what was sent; the type that is signed leads one way alone."""
    known = key(tmp_path, "storefront")
    found = judged(signed(tmp_path), way="orders.CancelOrder.v1.p0", storefront=[known])

    assert "was published as orders.CancelOrder.v1" in (found or "")


def test_while_a_key_is_changed_both_are_good_and_then_the_new_one(tmp_path: Path) -> None:
    old = key(tmp_path, "storefront")
    before = signed(tmp_path)
    new = key(tmp_path, "storefront")
    after = signed(tmp_path)

    assert [judged(each, storefront=[old, new]) for each in (before, after)] == [None, None]
    assert judged(after, storefront=[new]) is None
    assert "none of storefront" in (judged(before, storefront=[new]) or "")


def test_a_key_that_waits_signs_nothing(tmp_path: Path) -> None:
    """Nobody could believe it: its public key is on its way to the others."""
    known = key(tmp_path, "storefront")
    key(tmp_path, "storefront.next")

    assert judged(signed(tmp_path), storefront=[known]) is None


def test_without_settings_nothing_is_signed_or_asked_for() -> None:
    assert signer_of(SignatureSettings()) is None
    assert signatures_of(SignatureSettings()) is None


def test_a_signature_is_not_kept() -> None:
    """It has done its work, and no effect of the message has it."""
    said = MappingProxyType({"signature": "s", "signaturekey": "k", "actor": "user:ada"})

    assert without_signature(replace(ORDER, extra=said)).extra == {"actor": "user:ada"}


def test_keys_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    key(tmp_path, "storefront")
    (tmp_path / "storefront.pem").chmod(0o644)
    with pytest.raises(ConfigError, match="others may read it"):
        signer_of(SignatureSettings(private_keys=tmp_path))
    (tmp_path / "storefront.pem").write_text("nothing")
    with pytest.raises(ConfigError, match="cannot be used as a private key"):
        signer_of(SignatureSettings(private_keys=tmp_path))
    with pytest.raises(ConfigError, match="'k' of storefront"):
        signatures_of(SignatureSettings(required=True, keys={"storefront": {"k": "short"}}))
