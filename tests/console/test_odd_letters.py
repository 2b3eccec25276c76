"""Letters that no reader expects can be looked at, and hold back nobody who looks at the others."""

import json
from typing import Annotated

import pytest

from amphibus.contract import Personal, ShortText, Value
from amphibus.messages.documents import document_of, text_of
from amphibus.telemetry.privacy import masked_payload
from tests.console.conftest import Console

_DEEP = [b"[" * 100_000, b'{"a":' * 700 + b"1" + b"}" * 700]


class _Reader(Value):
    name: Annotated[ShortText, Personal("identity", purpose="lending")]


@pytest.mark.parametrize("body", _DEEP, ids=["not to its end", "not by its frames"])
def test_what_is_nested_too_deeply_is_no_document(body: bytes) -> None:
    with pytest.raises(ValueError, match="nested more than 100 deep"):
        document_of(body)
    assert masked_payload(body, _Reader) == (b'"***"', True)


def test_half_of_a_surrogate_pair_can_be_written_to_every_file() -> None:
    half = json.loads('{"a": "\\ud800"}')

    assert json.loads(text_of(half).encode()) == half
    assert json.loads(text_of(half, indent=2).encode()) == half


def test_a_letter_nested_too_deeply_is_shown_as_what_is_no_json(console: Console) -> None:
    shelf = console.store("shelf")
    for number, body in enumerate(_DEEP):
        shelf.died(f"m-{number}", body=body)

        ended = console("dead", "show", f"m-{number}")

        assert ended.code == 0, ended.err
        assert ended.out.splitlines()[-1].startswith("not JSON, base64: ")
