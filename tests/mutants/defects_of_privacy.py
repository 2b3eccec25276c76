"""Defects by which personal data is shown, or comes to somebody who does not say what for."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

_ONCE: Final = "tests/personal/test_needed_once.py"
_MARKS: Final = "tests/personal/test_marks.py"
_PERSONS: Final = "tests/lint/test_persons.py"
_PURPOSES: Final = "tests/personal/test_purposes.py"
_NOTES: Final = "tests/personal/test_erased_notes.py"

PRIVACY: Final[tuple[Defect, ...]] = (
    in_runtime(
        "a plural tells nobody",
        "lint/persons",
        '    for end in ("es", "s"):',
        "    for end in ():",
        f"{_PERSONS}::test_what_reaches_a_person_is_marked",
    ),
    in_runtime(
        "the name of a thing is taken for a person's",
        "lint/persons",
        "        return not before or _singular(before) in _PEOPLE",
        "        return True",
        f"{_PERSONS}::test_what_is_about_a_thing_is_not",
    ),
    in_runtime(
        "a number tells nobody",
        "lint/privacy",
        'if kinds <= {"enum", "boolean", "object"}:',
        'if kinds <= {"enum", "boolean", "object", "integer"}:',
        f"{_PERSONS}::test_neither_a_number_nor_a_day_nor_another_name_hides_it",
    ),
    in_runtime(
        "a mark is lost in a type that may be null",
        "contract/personal",
        "    elif origin in (typing.Union, types.UnionType):",
        "    elif origin is None:",
        f"{_MARKS}::test_a_mark_is_found_wherever_its_type_stands",
    ),
    in_runtime(
        "a mark is looked for under the name that Python has",
        "contract/personal",
        "info.serialization_alias or info.alias or name",
        "name",
        f"{_MARKS}::test_what_is_marked_is_masked_wherever_it_stands",
    ),
    in_runtime(
        "the values of a mapping are shown",
        "telemetry/privacy",
        "inside = value if first == _VALUES else value.keys() & {first}",
        "inside = value.keys() & {first}",
        f"{_MARKS}::test_what_is_marked_is_masked_wherever_it_stands",
    ),
    in_runtime(
        "a wrong value in a mapping is repeated",
        "gateway/problems",
        "if named & set(place) and kind",
        "if named & {place[-1]} and kind",
        f"{_MARKS}::test_a_wrong_one_in_a_mapping_is_named_and_not_repeated",
    ),
    in_runtime(
        "any purpose will do",
        "routing/personal_data",
        "if self.purposes is None or mark.purpose in self.purposes:",
        "if self.purposes is None or self.purposes:",
        f"{_PURPOSES}::test_each_purpose_is_declared_by_itself",
    ),
    in_runtime(
        "the answers that a module asks for bring nothing",
        "routing/personal_data",
        "    for contract in module.asks:",
        "    for contract in module.sends:",
        f"{_PURPOSES}::test_what_a_module_handles_and_what_it_asks_for_count_too",
    ),
    in_runtime(
        "a purpose stands on a page for ever",
        "routing/personal_data",
        "        if each not in known:",
        "        if not each:",
        f"{_PURPOSES}::test_a_purpose_for_which_nothing_comes_is_a_problem_too",
    ),
    in_runtime(
        "a mark is lost in a type that has another name",
        "contract/personal",
        "        yield from _of_type(inner, path, around)  # a type with another name\n",
        "        yield from ()\n",
        "tests/personal/test_marks.py::test_no_kind_of_type_hides_a_mark",
    ),
    in_runtime(
        "a value deep in itself is told in clear",
        "contract/personal",
        "    elif depth == _OF_ITSELF:",
        "    elif depth == _OF_ITSELF + 9:",
        "tests/personal/test_marks.py::test_no_kind_of_type_hides_a_mark",
    ),
    in_runtime(
        "what belongs to a person without a name is not found",
        "database/persons/erasing",
        '    belongs = (kept.flow, kept.key or "") in flows and any(True for _ in payload.values())',
        "    belongs = False",
        "tests/personal/test_erasing.py::test_nothing_of_a_person_is_left_and_everything_of_others_is",
    ),
    in_runtime(
        "a module keeps the token of a card that it has used",
        "inbox/recorder",
        "                _kept(attempt),\n",
        "                attempt.envelope,\n",
        f"{_ONCE}::test_a_token_is_forgotten_by_who_has_used_it_and_then_by_who_has_sent_it",
    ),
    in_runtime(
        "a sender keeps the token of a card for ever",
        "host/sending/receivers_word",
        "                await self._forget(transaction, messages)\n",
        "",
        f"{_ONCE}::test_a_token_is_forgotten_by_who_has_used_it_and_then_by_who_has_sent_it",
    ),
    in_runtime(
        "a token is forgotten before its receiver has it",
        "database/upkeep/needed_once",
        '        " AND NOT EXISTS (SELECT 1 FROM amphibus_delivery d WHERE d.seq = o.seq)"\n'
        '        " AND NOT EXISTS (SELECT 1 FROM amphibus_awaited a WHERE a.seq = o.seq)",\n',
        '        "",\n',
        f"{_ONCE}::test_it_is_kept_for_a_receiver_that_does_not_have_it_yet",
    ),
    in_runtime(
        "a repetition of a message whose token is forgotten conflicts with it",
        "inbox/executor",
        "            return repeated(*prior, conflicting=await _conflicts(before, now))\n",
        "            return repeated(*prior, conflicting=await _conflicts(before, envelope.body))\n",
        f"{_ONCE}::test_a_repetition_is_known_though_it_still_has_the_token",
    ),
    in_runtime(
        "a message that an older version has kept whole is taken for another one",
        "inbox/executor",
        "None if before is None else kept(before), kept(envelope.body)",
        "before, kept(envelope.body)",
        f"{_ONCE}::test_a_repetition_is_known_where_an_older_version_has_kept_the_token",
    ),
    in_runtime(
        "a password may be typed",
        "cli/passwords",
        "            raise _was_typed(words, at, name, equals)\n",
        "            pass\n",
        "tests/console/test_typed_passwords.py::test_a_password_that_is_typed_is_refused_and_not_said_again",
    ),
    in_runtime(
        "a letter nested without end is an error of whoever looks for a person",
        "messages/documents",
        "    except RecursionError:\n",
        "    except NotImplementedError:\n",
        "tests/console/test_erasing.py::test_a_letter_that_nobody_can_read_holds_back_no_erasure",
        "tests/console/test_odd_letters.py::test_what_is_nested_too_deeply_is_no_document",
    ),
    in_runtime(
        "a document is gone through deeper than Python can",
        "messages/documents",
        "    if _is_deeper(said, _DEEPEST):",
        "    if not _is_deeper(said, _DEEPEST) and False:",
        "tests/console/test_odd_letters.py::test_what_is_nested_too_deeply_is_no_document",
    ),
    in_runtime(
        "a page of what was accepted loses what has the time of its last row",
        "database/persons/places",
        "    whole = [row for row in rows if row[-1] < last]\n",
        "    whole = list(rows)\n",
        "tests/console/test_erasing.py::test_a_person_in_more_than_a_page_of_answers_is_erased_from_all",
    ),
    in_runtime(
        "a text is put where a day is read",
        "database/persons/rows",
        "    if _is_no_text(kind):\n",
        "    if _is_no_text(kind) and not value:\n",
        "tests/personal/test_erased_rows.py::test_what_takes_the_place_of_a_value_is_read_as_its_column_says",
    ),
    in_runtime(
        "what is sent while pages are read hides what waits behind it",
        "database/persons/places",
        '{select} WHERE {moment} > ? ORDER BY {moment} LIMIT ?", beyond, PAGE)\n',
        '{select} ORDER BY {moment} LIMIT ? OFFSET ?", PAGE, beyond and PAGE)\n',
        f"{_NOTES}::test_what_is_sent_while_pages_are_read_hides_nothing_that_waits",
    ),
    in_runtime(
        "an operation that ended keeps a text that JSON escapes",
        "database/persons/notes",
        "            _document(conditions, person),\n",
        "            without_texts(conditions, person.texts, person),\n",
        f"{_NOTES}::test_deadlines_and_operations_keep_no_text_of_a_person",
    ),
    in_runtime(
        "the letters of an operation keep the key of a person",
        "database/persons/notes",
        "        count += await sql.run(_LETTERS, _key(text, person), text)\n",
        "        pass\n",
        f"{_NOTES}::test_deadlines_and_operations_keep_no_text_of_a_person",
    ),
    in_runtime(
        "whoever has a longer name is erased too",
        "database/persons/alone",
        'rf"(?<![^\\W_]){re.escape(sought)}(?![^\\W_])"',
        "re.escape(sought)",
        _NOTES,
    ),
)
