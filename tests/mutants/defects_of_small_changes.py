"""Defects of the judgement of small changes: of those that no schema shows, and of those that break nobody."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

_SMALL: Final = "tests/evolution/test_small_changes.py"
_TOLD: Final = f"{_SMALL}::test_a_small_change_is_told"
_HARMLESS: Final = f"{_SMALL}::test_what_breaks_nobody_is_not_refused"
_OLDER: Final = f"{_SMALL}::test_a_lock_of_the_third_format_says_nothing_of_what_it_could_not_hold"
_FACTS: Final = "tests/evolution/test_facts.py"
_GRAVE: Final = "tests/evolution/test_gates.py::test_a_change_is_as_grave_as_the_catalogue_says"

SMALL_CHANGES: Final[tuple[Defect, ...]] = (
    in_runtime(
        "a field that was computed is new to those that wrote it",
        "evolution/differences/parts",
        "of_computed(each, old, new, position)",
        "each",
        f"{_GRAVE}[computed field must be given-event]",
        f"{_GRAVE}[field is computed now-answer]",
    ),
    in_runtime(
        "a computed field of another type is not seen where it is taken too",
        "evolution/differences/parts",
        "[each for each in told if each in found]",
        "told",
        f"{_FACTS}::test_a_fact_that_changed_is_told[what was computed must be given as text]",
    ),
    in_runtime(
        "the names in a mapping may change",
        "evolution/differences/types",
        "        yield from _of_names(old.names, new.names, (*path, NAME))\n",
        "",
        f"{_GRAVE}[fewer names-command]",
        f"{_GRAVE}[narrower names-event]",
    ),
    in_runtime(
        "a pattern of names leaves room for all others",
        "evolution/forms/names",
        "    if len(patterns) != 1 or ",
        "    if len(patterns) < 2 or ",
        f"{_GRAVE}[narrower names-command]",
    ),
    in_runtime(
        "numbers as names are any text",
        "evolution/forms/names",
        'if not names or names.get("type") == "string":',
        "if names:",
        f"{_GRAVE}[numbers as names-command]",
    ),
    in_runtime(
        "no document has a name that is refused",
        "contract/inclusion/refutation",
        "refused = self._inside(ours.names & TEXT, theirs.names, (), depth)",
        "refused = ()",
        f"{_GRAVE}[narrower names-command]",
    ),
    in_runtime(
        "a path to a field may be taken away",
        "evolution/differences/changes",
        "    yield from _of_paths(was, now, path)\n",
        "",
        f"{_TOLD}[a path is taken away]",
    ),
    in_runtime(
        "a path beside a name is one in its place",
        "evolution/differences/changes",
        "if alone == [False, True] else []",
        "if after else []",
        f"{_HARMLESS}[a path is taken too]",
    ),
    in_runtime(
        "places change their order without a word",
        "evolution/differences/types",
        "    yield from _of_order(old, new, path)\n",
        "",
        f"{_TOLD}[places change their order]",
    ),
    in_runtime(
        "the settings of a class do not count for what it writes",
        "evolution/forms/form",
        "dict(changed(found, as_written))",
        "found",
        f"{_TOLD}[written by its name in Python]",
    ),
    in_runtime(
        "a name that is not taken counts",
        "evolution/forms/aliases",
        'if config.get("validate_by_alias") is False:',
        "if not config:",
        f"{_TOLD}[taken by its name in Python alone]",
    ),
    in_runtime(
        "a value is encoded in another way without a word",
        "evolution/differences/types",
        "    if encodings[0] != encodings[1]:\n",
        "    if not encodings:\n",
        f"{_TOLD}[times are written as numbers]",
        f"{_TOLD}[bytes are taken in another encoding]",
    ),
    in_runtime(
        "of two changes of a text one counts",
        "evolution/forms/schemas",
        '                yield "x-made-of", made\n',
        "                pass\n",
        f"{_TOLD}[one of two changes of a text]",
    ),
    in_runtime(
        "the code that tells alternatives apart is not seen",
        "evolution/differences/types",
        "    if all(code) and code[0] != code[1]:\n",
        "    if not code:\n",
        f"{_TOLD}[alternatives are told apart by other code]",
    ),
    in_runtime(
        "what was needed once may be kept",
        "evolution/differences/bindings",
        "        yield from _of_once(path, old[path], new[path], example)\n",
        "",
        f"{_TOLD}[needed for longer]",
    ),
    in_runtime(
        "a renaming cannot be taken back",
        "evolution/differences/writing",
        '    if taken_back and position in ("event", "reply")',
        "    if taken_back and position in ()",
        f"{_HARMLESS}[a renaming is taken back]",
    ),
    in_runtime(
        "a lock of the third format denies what it could not say",
        "evolution/forms/derived",
        "for since, names in _SINCE.items() if since > version for",
        "for since, names in _SINCE.items() if since > version + 1 for",
        _OLDER,
    ),
    in_runtime(
        "a warning hides an error of the same name",
        "evolution/released",
        "fresh = [each for each in found if each.key not in told]",
        "fresh = list({each.key: each for each in found}.values())",
        f"{_SMALL}::test_two_differences_with_one_key_are_both_told",
    ),
)
