"""The crash journal names who was under way when a process died, whatever is left of its file."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amphibus.unit_of_work import crash_journal
from amphibus.unit_of_work.crash_journal import CrashJournal, Identity

A: Identity = ("desk", "gateway", "a")
B: Identity = ("desk", "gateway", "b")
IDS = st.text(min_size=1, max_size=8)


def journal(folder: Path) -> CrashJournal:
    opened = CrashJournal(folder / "crash.journal")
    opened.open()
    return opened


def dies(dying: CrashJournal) -> None:
    """What a killed process leaves: its file, and no goodbye."""
    os.close(dying._file)


def test_a_process_that_ends_well_leaves_nothing(tmp_path: Path) -> None:
    first = journal(tmp_path)
    first.begin(A)
    first.finish(A)
    first.close()

    assert list(tmp_path.iterdir()) == []


def test_a_process_that_ends_by_itself_blames_nobody(tmp_path: Path) -> None:
    """A stop that ran out of time is no crash; three slow deployments must kill no message."""
    first = journal(tmp_path)
    first.begin(B)
    dies(first)
    second = journal(tmp_path)
    second.begin(A)
    second.close()
    second.close()

    assert journal(tmp_path).suspects == {B: 1}


def test_a_suspect_that_took_long_is_to_blame_though_others_were_let_in_beside_it(
    tmp_path: Path,
) -> None:
    """Nobody waits for a slow suspect; it must not go free for that."""
    first = journal(tmp_path)
    first.alone(A)
    first.begin(A)
    first.begin(B)
    dies(first)

    assert journal(tmp_path).suspects == {A: 1, B: 0}


def test_a_suspect_that_survived_is_not_blamed_for_what_comes_later(tmp_path: Path) -> None:
    first = journal(tmp_path)
    first.alone(A)
    first.begin(A)
    first.finish(A)
    first.begin(A)
    first.begin(B)
    dies(first)

    assert journal(tmp_path).suspects == {A: 0, B: 0}


def test_a_suspect_that_came_twice_and_survived_is_not_blamed_for_what_comes_later(
    tmp_path: Path,
) -> None:
    """The second time there is nothing to do, so nothing begins or ends."""
    first = journal(tmp_path)
    for _ in range(2):
        first.alone(A)
        first.cleared(A)
    first.begin(A)
    first.begin(B)
    dies(first)

    assert journal(tmp_path).suspects == {A: 0, B: 0}


def test_those_beside_a_crash_are_suspects_but_not_to_blame(tmp_path: Path) -> None:
    first = journal(tmp_path)
    first.begin(A)
    first.begin(B)
    dies(first)

    assert journal(tmp_path).suspects == {A: 0, B: 0}


def test_only_a_crash_while_it_ran_alone_counts(tmp_path: Path) -> None:
    for _ in range(3):
        each = journal(tmp_path)
        each.begin(A)
        dies(each)

    assert journal(tmp_path).suspects == {A: 3}


def test_who_has_finished_is_no_suspect(tmp_path: Path) -> None:
    first = journal(tmp_path)
    first.begin(A)
    first.begin(B)
    first.finish(A)
    dies(first)

    assert journal(tmp_path).suspects == {B: 1}


def test_a_suspect_that_survives_is_cleared_for_good(tmp_path: Path) -> None:
    first = journal(tmp_path)
    first.begin(A)
    dies(first)
    second = journal(tmp_path)
    second.begin(A)
    second.finish(A)
    second.cleared(A)
    dies(second)

    assert journal(tmp_path).suspects == {}


def test_the_file_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even while somebody is a suspect who never comes again."""
    monkeypatch.setattr(crash_journal, "_TRUNCATE_AT", 1000)
    first = journal(tmp_path)
    first.begin(B)
    dies(first)
    second = journal(tmp_path)
    for _ in range(200):
        second.begin(A)
        second.finish(A)

    assert (tmp_path / "crash.journal").stat().st_size < 1200
    dies(second)
    assert journal(tmp_path).suspects == {B: 1}


def test_a_full_disk_stops_no_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal is an aid; what it cannot write must not fail the one that it watches."""
    first = journal(tmp_path)
    full = OSError(errno.ENOSPC, "no room")
    monkeypatch.setattr(os, "write", lambda *_: (_ for _ in ()).throw(full))
    first.begin(A)
    monkeypatch.undo()
    first.begin(B)
    dies(first)

    assert B in journal(tmp_path).suspects


@given(
    steps=st.lists(st.tuples(st.sampled_from("+-~"), IDS, IDS), max_size=20),
    cut=st.integers(min_value=0, max_value=200),
)
def test_a_cut_off_file_accuses_nobody_who_was_not_there(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, str]], cut: int
) -> None:
    """Ids are opaque: they may hold tabs, line ends and anything else."""
    folder = tmp_path_factory.mktemp("journal")
    first = journal(folder)
    for mark, source, identity in steps:
        who = ("desk", source, identity)
        if mark == "+":
            first.begin(who)
        elif mark == "-":
            first.finish(who)
        else:
            first.cleared(who)
    dies(first)
    path = folder / "crash.journal"
    path.write_bytes(path.read_bytes()[: max(0, path.stat().st_size - cut)])

    suspects = journal(folder).suspects

    begun = {("desk", source, identity) for mark, source, identity in steps if mark == "+"}
    assert set(suspects) <= begun
    if not cut:
        assert set(suspects) == first._under_way


@given(garbage=st.binary(max_size=300))
def test_no_garbage_keeps_a_process_from_starting(
    tmp_path_factory: pytest.TempPathFactory, garbage: bytes
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    (folder / "crash.journal").write_bytes(garbage)

    assert isinstance(journal(folder).suspects, dict)


def test_instances_on_one_folder_never_take_one_another_s_journal(tmp_path: Path) -> None:
    """Else the second to start would blame what the first has under way, and forget it."""
    first = journal(tmp_path)
    first.begin(A)
    second = journal(tmp_path)
    second.begin(B)

    assert second.suspects == {}
    dies(first)
    again = journal(tmp_path)
    assert again.suspects == {A: 1}
    second.close()
    again.cleared(A)
    again.close()
    assert list(tmp_path.iterdir()) == []


def test_the_file_stays_small_though_something_is_always_under_way(tmp_path: Path) -> None:
    """And whoever ran at its last end is known from what is left of it."""
    first = journal(tmp_path)
    first.begin(A)
    for number in range(20_000):
        who = ("desk", "gateway", f"{number:0100}")
        first.begin(who)
        first.finish(who)
    dies(first)

    assert (tmp_path / "crash.journal").stat().st_size < 2 * crash_journal._TRUNCATE_AT
    assert journal(tmp_path).suspects == {A: 1}


def test_what_runs_alone_is_known_in_a_file_that_was_shortened(tmp_path: Path) -> None:
    first = journal(tmp_path)
    first.begin(B)
    first.alone(A)
    first.begin(A)
    first._shorten()
    dies(first)

    assert journal(tmp_path).suspects == {A: 1, B: 0}
