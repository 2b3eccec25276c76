"""What goes over the wire comes out of it, and nothing is made up."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from amphibus.contract import one_line
from amphibus.contract.texts import storable
from amphibus.errors import Undecodable
from amphibus.messages.cloudevents import from_headers, to_headers
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import derived_id, new_id, new_trace, next_span, uuid_of

TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).map(one_line)
ANYTHING = st.text(max_size=300) | st.text(alphabet="x", min_size=100, max_size=2_000)
MICROSECONDS = st.integers(min_value=0, max_value=4_000_000_000_000_000)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=20)
KNOWN = {"specversion", "id", "type", "source", "time", "partitionkey", "correlationid"} | {
    "causationid",
    "traceparent",
    "reply",
    "late",
}
ENVELOPES = st.builds(
    Envelope,
    id=TEXT,
    type=TEXT,
    source=TEXT,
    key=st.none() | st.just("") | TEXT,
    time=MICROSECONDS,
    correlation=TEXT,
    causation=st.none() | TEXT,
    trace=st.builds(new_trace),
    body=st.binary(max_size=100),
    reply=st.booleans(),
    late=st.booleans(),
    extra=st.dictionaries(NAMES.filter(lambda name: name not in KNOWN), TEXT, max_size=4),
)
PLAIN = Envelope(
    id="1",
    type="desk.Write.v1",
    source="gateway",
    key=None,
    time=0,
    correlation="1",
    causation=None,
    trace=new_trace(),
    body=b"{}",
)


@given(ENVELOPES)
def test_an_envelope_survives_the_wire(envelope: Envelope) -> None:
    assert from_headers(to_headers(envelope), envelope.body, now=0) == envelope


@pytest.mark.parametrize("name", ["specversion", "id", "type", "source"])
def test_what_cloudevents_requires_is_required(name: str) -> None:
    headers = to_headers(PLAIN)
    del headers[f"ce-{name}"]

    with pytest.raises(Undecodable, match=name):
        from_headers(headers, b"", now=0)


@given(
    st.dictionaries(st.sampled_from([f"ce-{name}" for name in sorted(KNOWN)]), ANYTHING)
    | st.dictionaries(ANYTHING.map("ce-{}".format), ANYTHING, max_size=3)
)
@example({"ce-partitionkey": "x\0y"})
@example({"ce-correlationid": "k" * 3_000})
@example({"ce-\0": "1"})
@example({"ce-time": "0001-01-01T00:00:00+05:00"})
def test_whatever_a_header_holds_is_refused_in_words_or_fits_into_every_database(
    headers: dict[str, str],
) -> None:
    try:
        found = from_headers({**to_headers(PLAIN), **headers}, b"{}", now=0)
    except Undecodable as error:
        said = f"{error.what} {error.why}"
        assert storable(said, 1_000) == said
        return
    texts = [found.id, found.type, found.source, found.key or "", found.correlation]
    texts += [found.causation or "", *found.extra, *found.extra.values()]
    for text in texts:
        assert one_line(text) == text
        assert len(text) <= 1_024
    assert from_headers(to_headers(found), found.body, now=0) == found


@pytest.mark.parametrize("name", ["id", "type", "source", "partitionkey", "correlationid"])
def test_a_refused_header_is_told_by_its_name_and_by_what_is_wrong_with_it(name: str) -> None:
    with pytest.raises(Undecodable, match=rf"^ce-{name} holds the character U\+0000"):
        from_headers(to_headers(PLAIN) | {f"ce-{name}": "x\0y"}, b"", now=0)


def test_a_key_in_capitals_is_the_same_key() -> None:
    key = "74eda2bf-2087-5bfc-aaaf-7ff4216c8a87"
    found = from_headers(to_headers(PLAIN) | {"ce-partitionkey": key.upper()}, b"", now=0)
    assert found.key == key


def test_a_leap_second_is_a_time() -> None:
    found = from_headers(to_headers(PLAIN) | {"ce-time": "2016-12-31T23:59:60Z"}, b"", now=0)
    assert found.time == 1_483_228_800_000_000


@pytest.mark.parametrize(
    "time", ["yesterday", "2024-01-01T00:00:00", "20240101T000000Z", "1704067200", ""]
)
def test_a_time_that_is_none_is_refused(time: str) -> None:
    with pytest.raises(Undecodable):
        from_headers(to_headers(PLAIN) | {"ce-time": time}, b"", now=0)


def test_an_id_has_at_most_128_characters() -> None:
    assert from_headers(to_headers(replace(PLAIN, id="i" * 128)), b"", now=0).id == "i" * 128
    with pytest.raises(Undecodable, match="129"):
        from_headers(to_headers(replace(PLAIN, id="i" * 129)), b"", now=0)


def test_a_trace_that_is_none_begins_a_new_one() -> None:
    """Else garbage of one producer would be sent on to everybody behind."""
    found = from_headers(to_headers(PLAIN) | {"traceparent": "garbage"}, b"", now=0)

    assert len(found.trace) == 55


def test_a_hop_keeps_the_trace_and_changes_the_span() -> None:
    here = new_trace()
    there = next_span(here)

    assert (there[:36], there[52:]) == (here[:36], here[52:])
    assert there[36:52] != here[36:52]


@given(st.lists(TEXT, max_size=4), st.lists(TEXT, max_size=4))
@example(["ab", "c"], ["a", "bc"])
def test_the_same_parts_derive_the_same_id_and_others_another(
    some: list[str], others: list[str]
) -> None:
    """`("ab", "c")` and `("a", "bc")` are not the same parts."""
    assert (derived_id(*some) == derived_id(*others)) is (some == others)


@given(TEXT)
def test_every_id_has_one_uuid(identity: str) -> None:
    assert uuid_of(identity) == uuid_of(identity)
    assert str(uuid_of(str(uuid_of(identity)))) == str(uuid_of(identity))


def test_ids_are_uuids_of_version_7_in_the_order_of_time() -> None:
    ids = [new_id() for _ in range(3)]

    assert {uuid_of(each).version for each in ids} == {7}
    assert sorted(each[:13] for each in ids) == [each[:13] for each in ids]
