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
)
