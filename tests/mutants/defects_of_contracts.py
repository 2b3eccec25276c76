"""Defects of the judgement of contracts: a break that passes, or one that is hidden."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

_CHANGES: Final = "tests/evolution/test_changes.py"
_MUTATIONS: Final = "tests/evolution/test_mutations.py"
_GATES: Final = "tests/evolution/test_gates.py"
_COMMAND: Final = "tests/evolution/test_check_command.py"

CONTRACTS: Final[tuple[Defect, ...]] = (
    in_runtime(
        "a lock takes up what breaks somebody",
        "evolution/relock",
        "for each in report.findings if each.gates}",
        "for each in report.findings if each.gates and each.waived}",
        f"{_COMMAND}::test_a_break_is_shown_by_a_document_of_both_classes_and_is_not_written",
    ),
    in_runtime(
        "a contract that the lock has lost is new",
        "evolution/check",
        "        for type_ in sorted(held_before(root, path).intersection(new)):\n",
        "        for type_ in sorted(held_before(root, path).difference(new)):\n",
        f"{_COMMAND}::test_a_lock_that_has_lost_what_was_released_makes_no_break_new",
    ),
    in_runtime(
        "the form before is forgotten",
        "evolution/lock",
        "            before[mark] = Edition(self.now, accepted.get(mark, {}))",
        "            pass",
        "tests/evolution/test_lock.py::test_a_lock_says_again_what_was_written_into_it",
    ),
    in_runtime(
        "a released form may be edited",
        "evolution/lock",
        "if digest(it.form) != mark]",
        "if not mark]",
        "tests/evolution/test_lock.py::test_a_released_form_that_was_edited_is_found",
    ),
    in_runtime(
        "old subscribers of an event do not count",
        "evolution/differences/rules",
        '("ENM01", "value added to a closed list", "EIIE"',
        '("ENM01", "value added to a closed list", "IIIE"',
        f"{_MUTATIONS}::test_a_change_of_each_contract_is_judged_as_the_table_says[adds_value]",
    ),
    in_runtime(
        "a field with another name is one that went and one that came",
        "evolution/differences/changes",
        "if same_name or old.shape() == new.shape():",
        "if same_name:",
        f"{_CHANGES}::test_each_kind_of_change_has_its_rule_and_its_gravity",
    ),
    in_runtime(
        "a zone that is no longer needed is not seen",
        "evolution/forms/schemas",
        '    None: ("date-time", _LOCAL),',
        '    None: ("date-time",),',
        f"{_CHANGES}::test_each_kind_of_change_has_its_rule_and_its_gravity",
    ),
    in_runtime(
        "a waiver never ends",
        "evolution/waivers",
        "if each.expires >= self.today",
        "if each.expires",
        f"{_COMMAND}::test_an_approved_break_is_written_with_its_reason",
    ),
    in_runtime(
        "what cannot be judged passes",
        "evolution/assessment",
        'if each.verdict == "unknown":',
        'if each.verdict == "nothing":',
        "tests/evolution/test_assessment.py::test_what_cannot_be_judged_is_an_error_with_its_reason",
    ),
    in_runtime(
        "what a schema refuses is called tried",
        "evolution/proof/trials",
        "if not shows or not sides[1].runs:",
        "if not shows:",
        "tests/evolution/test_assessment.py::test_what_no_class_has_refused_is_not_called_tried",
    ),
    in_runtime(
        "a value that is lost shows nothing",
        "evolution/loss",
        "return self._said(before, self.at) > left",
        "return self._said(before, self.at) > left + 1",
        f"{_COMMAND}::test_a_renamed_optional_field_is_shown_by_what_becomes_of_it",
    ),
    in_runtime(
        "a field that nobody knows is tried at the top alone",
        "evolution/proof/losses",
        "            for inner in values_at(found, change.path):",
        "            for inner in values_at(found, ()):",
        f"{_CHANGES}::test_a_document_is_written_by_one_class_and_refused_or_cut_by_the_other",
    ),
    in_runtime(
        "what is declared wrongly hides the breaks",
        "cli/check/command",
        "        problems = list(dict.fromkeys([*problems, *_breaks(report), *borders]))",
        "        pass",
        f"{_COMMAND}::test_all_breaks_are_told_in_one_run_beside_what_is_declared_wrongly",
    ),
    in_runtime(
        "a front page that does not load hides the breaks",
        "evolution/audience",
        "        if self.unloaded:\n",
        "        if not self.unloaded:\n",
        f"{_COMMAND}::test_a_front_page_that_needs_what_is_gone_hides_no_break",
    ),
    in_runtime(
        "an open list is never seen",
        "evolution/forms/schemas",
        '({"x-open": True} if _is_open(schema["cls"]) else {})',
        "{}",
        f"{_GATES}::test_a_change_is_as_grave_as_the_catalogue_says[value added to an open list-event]",
    ),
    in_runtime(
        "the gateway lets go what went from a request",
        "evolution/assessment",
        'if change.rule not in ("FLD05", "FLD06"):',
        'if change.rule != "FLD05":',
        f"{_GATES}::test_a_change_is_as_grave_as_the_catalogue_says[optional field removed-parameters]",
    ),
    in_runtime(
        "a text that becomes a list of values breaks everybody",
        "evolution/assessment",
        '    "ENM05": "info",\n',
        '    "ENM05": "error",\n',
        f"{_GATES}::test_a_change_is_as_grave_as_the_catalogue_says[text becomes a list of values-reply]",
    ),
    in_runtime(
        "a number that JSON cannot say is compared",
        "contract/door",
        "json.dumps(schema, allow_nan=False)",
        "json.dumps(schema)",
        "tests/contracts/test_any_json.py::test_what_json_cannot_say_is_no_schema",
    ),
    in_runtime(
        "true is 1",
        "contract/inclusion/values",
        "        return (type(value), value)\n",
        '        return ("number", exact(value)) if isinstance(value, bool) else (type(value), value)\n',
        "tests/contracts/test_any_json.py::test_true_is_not_one_and_one_is_1_0",
    ),
    in_runtime(
        "a waiver of the lint is idle for the changes",
        "evolution/waivers",
        "if _is_of_lint(each.rule) is not lint or any(",
        "if any(",
        "tests/evolution/test_waivers.py::test_one_waiver_decides_and_all_others_are_idle",
    ),
    in_runtime(
        "a converter may lose what stands inside",
        "testing/converters",
        "            if not each.stands_in_itself:\n",
        "            if not path and not each.stands_in_itself:\n",
        "tests/contracts/test_converters.py::test_what_is_lost_inside_is_found_and_may_be_meant",
    ),
    in_runtime(
        "a document is shown that nobody has tried",
        "evolution/proof/trials",
        "        taken = reader.refusal is None\n",
        "        taken = False\n",
        "tests/evolution/test_assessment.py::test_a_document_is_shown_once_a_class_has_refused_it",
    ),
)
