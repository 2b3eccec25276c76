"""Defects of values that others type, post, sign or answer, and of what is said of those that make no sense."""

from typing import Final

from tests.mutants.defect import Defect

_ENVIRONMENT: Final = "tests/console/test_environment.py"
_TYPED: Final = "tests/console/test_typed_values.py"


def _at(name: str, file: str, old: str, new: str, *tests: str) -> Defect:
    return Defect(name, file, old, new, tests)


VALUES: Final[tuple[Defect, ...]] = (
    _at(
        "the type of what is posted is taken for a text",
        "runtime/amphibus/gateway/incoming/mapping.py",
        "(isinstance(type_, str) and type_ in self._types)",
        "type_ in self._types",
        "tests/webhooks/test_incoming.py::test_an_event_whose_type_is_no_text_is_none_that_anybody_asked_for",
    ),
    _at(
        "a page that may be of any length is compared with the longest",
        "runtime/amphibus/gateway/reads.py",
        "        if (getattr(query, _LIMIT, None) or 0) > most:",
        "        if getattr(query, _LIMIT, 0) > most:",
        "tests/gateway/test_parameters.py::test_a_parameter_without_a_value_counts_as_absent",
    ),
    _at(
        "a value that was typed is refused as a fault of ours",
        "runtime/amphibus/cli/fix.py",
        "    if error.title not in {each.__name__ for each in SYSTEM_CONTRACTS.values()}:",
        "    if error.title in {each.__name__ for each in SYSTEM_CONTRACTS.values()}:",
        f"{_TYPED}::test_a_value_that_nothing_could_have_is_a_mistake_in_what_was_typed",
    ),
    _at(
        "who asks for no rows is told that there are none",
        "runtime/amphibus/cli/options.py",
        "validators.Number(gte=1, lte=1_000_000)",
        "validators.Number(lte=1_000_000)",
        f"{_TYPED}::test_who_asks_for_no_rows_is_not_told_that_there_are_none",
    ),
    _at(
        "limits that cannot be read are told to be none",
        "runtime/amphibus/cli/steer/limits.py",
        "    except NoStore:",
        "    except Exception:",
        "tests/console/test_not_known.py::test_limits_that_cannot_be_read_are_not_told_to_be_none",
    ),
    _at(
        "an address that nobody could look up is taken for one",
        "runtime/amphibus/config/webhooks.py",
        "or not _is_host(parts.hostname)",
        "or not parts.hostname",
        "tests/webhooks/test_settings.py::test_an_address_that_is_not_public_and_plain_is_refused",
    ),
    _at(
        "two signs make a number",
        "runtime/amphibus/database/acting/conditions.py",
        'each.value.removeprefix("-").isdecimal()',
        'each.value.lstrip("-").isdecimal()',
        "tests/database/test_conditions.py",
    ),
    _at(
        "a probe fails where something else answers",
        "runtime/amphibus/cli/look/probe.py",
        "except (URLError, OSError, HTTPException) as error",
        "except (URLError, OSError) as error",
        f"{_ENVIRONMENT}::test_a_port_where_something_else_answers_is_told_to_be_no_process_of_ours",
    ),
    _at(
        "a link to nowhere is read as code",
        "runtime/amphibus/host/own_contracts.py",
        "            if path.is_file():",
        "            if path.name:",
        "tests/runtime/test_code_on_disk.py",
    ),
    _at(
        "the rights in a token are taken for a list",
        "runtime/amphibus/access/tokens.py",
        "    listed = said if isinstance(said, (list, dict)) else ()",
        "    listed = said or ()",
        "tests/access/test_tokens.py::test_rights_that_are_no_texts_are_none",
    ),
    _at(
        "what a collector here is told goes to a proxy",
        "runtime/amphibus/telemetry/tracing/past_proxies.py",
        "    session.trust_env = False",
        "    session.trust_env = True",
        "tests/tracing/test_numbers_and_lines.py::test_numbers_and_lines_come_over_http",
    ),
    _at(
        "the seconds of a zone are cut off",
        "runtime/amphibus/contract/moments.py",
        "        moment = moment.astimezone(UTC)\n",
        "        pass\n",
        "tests/contracts/test_values.py::test_an_instant_of_a_zone_with_seconds_stays_the_same_on_the_wire",
    ),
    _at(
        "an amount is reckoned with before its digits are counted",
        "runtime/amphibus/contract/money.py",
        "        if value.adjusted() >= self._digits:\n",
        "        if not value and value.adjusted() >= self._digits:\n",
        "tests/contracts/test_values.py::test_an_amount_too_large_to_reckon_with_is_an_error_of_its_field",
    ),
    _at(
        "a column within another is taken",
        "runtime/amphibus/cli/send/csv_rows.py",
        'if each.startswith(f"{field}.") and field]',
        "if not each]",
        "tests/console/test_send_files.py::test_a_column_within_another_is_refused_before_anything_is_sent",
    ),
    _at(
        "output that finds no room ends in the words of Python",
        "runtime/amphibus/cli/main.py",
        "    except OSError as error:\n        return _without_file(error)",
        "    except BrokenPipeError as error:\n        return _without_file(error)",
        "tests/console/test_terminal.py::test_output_that_finds_no_room_is_an_error_in_three_lines",
    ),
    _at(
        "a process is listed where its row says that it was",
        "runtime/amphibus/process.py",
        "        if before is None or before.name != chosen:",
        "        if before is None or getattr(row, self.column) != chosen:",
        "tests/conformance/test_processes_listed.py"
        "::test_a_step_that_writes_the_new_state_itself_ends_its_process",
    ),
    _at(
        "a day is at the end of time",
        "runtime/amphibus/contract/moments.py",
        "    if not FIRST.year <= day.year <= LAST.year:",
        "    if FIRST > LAST:",
        "tests/contracts/test_values.py::test_a_day_outside_of_the_time_of_instants_is_none",
    ),
)
