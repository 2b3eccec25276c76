"""A person is erased also from what is odd: letters that nobody can read, and more than a page of answers."""

from tests.console.conftest import Console

_SUBJECT = "C-ADA-1815"


def test_a_letter_that_nobody_can_read_holds_back_no_erasure(console: Console) -> None:
    """Nested as deep as no reader goes, with half of a surrogate pair, or with the person behind an escape."""
    shelf = console.store("shelf")
    deep = b'{"a":' * 20_000 + f'"{_SUBJECT}"'.encode() + b"}" * 20_000
    deeper_than_frames = b'{"a":' * 700 + f'"{_SUBJECT}"'.encode() + b"}" * 700
    half = f'{{"a": "\\ud800", "b": "{_SUBJECT}"}}'.encode()
    escaped = b'{"a": "\\u0043-ADA-1815", "b": "of C-ADA-1815", "C-ADA-1815": 1}'
    for number, body in enumerate((deep, deeper_than_frames, half, escaped)):
        shelf.died(f"m-{number}", body=body, type="nobody.Knows.v1")

    ended = console("privacy", "erase", "--subject", _SUBJECT, "--reason", "asked", "--json")

    assert ended.code == 0, ended.err
    bodies = [row["body"] for row in shelf.rows("dead")]
    assert [body for body in bodies if b"1815" in body] == []
    assert b"\\ud800" in bodies[2]


def test_a_person_in_more_than_a_page_of_answers_is_erased_from_all(console: Console) -> None:
    """What is erased has another name, and the next page is found beyond it."""
    gateway = console.store("gateway")
    with gateway.open() as connection:
        connection.executemany(
            "INSERT INTO amphibus_accepted (identity, message_id, digest, accepted)"
            " VALUES (?, 'm', x'00', ?)",
            [(f"{_SUBJECT} {number:04}", 1 + number // 3) for number in range(1100)]
            + [(f"{_SUBJECT} at once {number:04}", 9_000) for number in range(1100)],
        )

    ended = console("privacy", "erase", "--subject", _SUBJECT, "--reason", "asked", "--json")

    assert ended.code == 0, ended.err
    found = [row["identity"] for row in gateway.rows("accepted")]
    assert (len(found), [each for each in found if _SUBJECT in each]) == (2200, [])
