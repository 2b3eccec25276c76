"""Defects at the border: values with a second meaning, headers unlooked at, bodies that cost more than their length."""

from typing import Final

from tests.mutants.defect import Defect

_READING: Final = "tests/runtime/test_reading.py"
_WIRE: Final = "tests/runtime/test_wire.py"
_CONTRACTS: Final = "tests/modules/test_contracts.py"
_BODIES: Final = "tests/gateway/test_bodies.py"
_ENVIRONMENT: Final = "tests/console/test_environment.py"


def _at(name: str, file: str, old: str, new: str, *tests: str) -> Defect:
    return Defect(name, file, old, new, tests)


BORDER: Final[tuple[Defect, ...]] = (
    _at(
        "a number in a path or a query is read as Python reads numbers",
        "runtime/amphibus/gateway/parameter_values.py",
        "    return int(text) if _INTEGER.fullmatch(text) else text",
        "    return int(text) if text.strip('+-_ 0123456789') == '' else text",
        "tests/runtime/test_parameter_values.py",
    ),
    _at(
        "a price is read as Python reads numbers",
        "runtime/amphibus/contract/money.py",
        "        if self._written.fullmatch(value) is None:",
        "        if not value:",
        f"{_CONTRACTS}::test_a_line_that_makes_no_sense_is_refused",
    ),
    _at(
        "money without cents is taken for money with them",
        "runtime/amphibus/contract/money.py",
        "    if digits != _CENT_DIGITS:",
        "    if digits < 0:",
        f"{_CONTRACTS}::test_an_order_that_makes_no_sense_is_refused",
    ),
    _at(
        "an instant may lie at the end of time",
        "runtime/amphibus/contract/moments.py",
        "    if not FIRST <= moment <= LAST:",
        "    if FIRST > LAST:",
        f"{_CONTRACTS}::test_an_order_that_makes_no_sense_is_refused",
    ),
    _at(
        "a line of text may hold the end of a line",
        "runtime/amphibus/contract/texts.py",
        '_SEPARATORS: Final = "\\\\u2028\\\\u2029"',
        '_SEPARATORS: Final = "\\\\x00"',
        f"{_CONTRACTS}::test_an_order_that_makes_no_sense_is_refused",
    ),
    _at(
        "an address may be read as another one",
        "runtime/amphibus/contract/texts.py",
        '    if "=?" in address:',
        '    if "=?" == address:',
        f"{_CONTRACTS}::test_an_order_that_makes_no_sense_is_refused",
    ),
    _at(
        "a mail goes to whom an encoded word names",
        "modules/notifications/handlers.py",
        '    if mail["To"] != message.customer.email:',
        '    if not mail["To"]:',
        "tests/modules/test_notifications.py::test_a_mail_goes_to_the_address_that_the_customer_wrote_or_to_nobody",
    ),
    _at(
        "a cursor that is no base64 is a fault",
        "runtime/amphibus/access/cursors.py",
        "        except ValueError:",
        "        except UnicodeDecodeError:",
        "tests/modules/test_listing.py::test_a_cursor_that_was_not_given_out_is_refused",
    ),
    _at(
        "headers are believed unlooked at",
        "runtime/amphibus/messages/cloudevents.py",
        "    _check(found)\n",
        "",
        f"{_WIRE}::test_whatever_a_header_holds_is_refused_in_words_or_fits_into_every_database",
    ),
    _at(
        "a key of any length is sent",
        "runtime/amphibus/contract/texts.py",
        "    if not 0 < len(text) <= most:",
        "    if not text:",
        f"{_WIRE}::test_an_id_has_at_most_128_characters",
    ),
    _at(
        "an error's text is kept as it is",
        "runtime/amphibus/contract/texts.py",
        "    kept = _UNSTORABLE.sub(_REPLACEMENT, text[:most])",
        "    kept = text[:most]",
        f"{_READING}::test_an_error_can_be_kept_whatever_its_text_holds",
    ),
    _at(
        "the bus takes a key twice",
        "runtime/amphibus/routing/codec.py",
        "    read_json(body, bounds_of(contract))\n",
        "",
        f"{_READING}::test_over_the_bus_the_same_is_refused_as_over_http",
    ),
    _at(
        "values are not counted",
        "runtime/amphibus/messages/json_text.py",
        "        self.values += 1 + len(pairs)",
        "        self.values += 0",
        f"{_READING}::test_over_the_bus_the_same_is_refused_as_over_http",
    ),
    _at(
        "lists are validated before they are counted",
        "runtime/amphibus/messages/json_text.py",
        "        if long := list(bounds.too_long(found)):",
        "        if long := list(bounds.too_long(None)):",
        f"{_READING}::test_over_the_bus_the_same_is_refused_as_over_http",
    ),
    _at(
        "a large body is read on the loop",
        "runtime/amphibus/gateway/writes.py",
        "        if size <= LARGE_BYTES:",
        "        if size >= 0:",
        f"{_BODIES}::test_others_are_answered_while_a_large_body_is_read",
    ),
    _at(
        "capitals are another content",
        "runtime/amphibus/gateway/bindings.py",
        "            data[self.own_id] = _one_form(data[self.own_id])",
        "            data[self.own_id] = data[self.own_id]",
        f"{_BODIES}::test_an_id_in_capitals_is_the_same_id",
    ),
    _at(
        "what was accepted and failed never was",
        "runtime/amphibus/gateway/reads.py",
        "            if message_id is not None:",
        "            if message_id is None:",
        "tests/gateway/test_writes.py::test_what_was_accepted_and_failed_is_said_to_be_so_at_its_own_location",
    ),
    _at(
        "an odd timestamp hides the headers",
        "runtime/amphibus/transports/rabbitmq/frame_reader.py",
        "        return None, at + 8",
        "        raise _Unusual",
        "tests/runtime/test_frames.py::test_a_timestamp_in_another_unit_leaves_all_other_properties",
    ),
    _at(
        "a probe asks a proxy",
        "runtime/amphibus/cli/look/probe.py",
        "build_opener(ProxyHandler({}))",
        "build_opener()",
        f"{_ENVIRONMENT}::test_a_probe_asks_the_process_here_and_no_proxy",
    ),
    _at(
        "a question to this machine goes by a proxy",
        "runtime/amphibus/cli/look/ask.py",
        "trust_env=not is_loopback(url)",
        "trust_env=True",
        f"{_ENVIRONMENT}::test_a_question_to_this_machine_goes_by_no_proxy",
    ),
    _at(
        "the keys of an issuer here are asked of a proxy",
        "runtime/amphibus/host/front_door.py",
        "by_proxies=not is_loopback(jwks)",
        "by_proxies=True",
        "tests/access/test_issuer_here.py",
    ),
    _at(
        "the name of a folder is part of a URL",
        "runtime/amphibus/database/sqlite/connection.py",
        '        URL.create("sqlite+inline", database=str(path)),',
        '        f"sqlite+inline:///{path}",',
        f"{_ENVIRONMENT}::test_a_folder_may_have_any_name",
    ),
    _at(
        "the vhost belongs to the last host",
        "runtime/amphibus/transports/rabbitmq/address.py",
        '        end = next(iter(rest), "/")',
        '        end = places[0]["rest"] or "/"',
        "tests/runtime/test_addresses.py::test_the_vhost_may_stand_at_the_end_as_most_clients_write_it",
    ),
    _at(
        "the check lets text without an end in",
        "runtime/amphibus/contract/border.py",
        "    if kind is str and not _has_end(marks):",
        "    if kind is str and marks is None:",
        "tests/console/test_declarations.py::test_what_a_contract_leaves_open_at_the_border_is_named_with_what_to_type",
    ),
    Defect(
        "a process with too few files fails in the middle of work",
        "runtime/amphibus/cli/run/open_files.py",
        "soft < needed:",
        "soft < 0:",
        (
            f"{_ENVIRONMENT}::test_a_limit_of_open_files_that_is_too_low_is_refused_before_anything_is_made",
        ),
    ),
    Defect(
        "a large message is read on the loop",
        "runtime/amphibus/inbox/runner.py",
        "len(envelope.body) > LARGE_BYTES and not",
        "len(envelope.body) < 0 and not",
        ("tests/conformance/test_misbehaviour.py::test_a_large_message_is_read_beside_the_loop",),
    ),
    Defect(
        "plain values are not counted before they are decoded",
        "runtime/amphibus/messages/json_text.py",
        "    if _has_more_commas(body, _MOST_COMMAS):",
        "    if _has_more_commas(body, len(body)):",
        (_READING,),
    ),
    _at(
        "a body without a type is taken for JSON",
        "runtime/amphibus/gateway/exchanges.py",
        "        if not kinds and self._brings_body():",
        "        if not kinds and not self._headers:",
        "tests/gateway/test_borders.py::test_a_body_that_is_not_said_to_be_json_is_refused",
    ),
    _at(
        "a page has no word against being shown inside another",
        "runtime/amphibus/gateway/app.py",
        "        begin, send = time.perf_counter(), guarded(scope, send)",
        "        begin = time.perf_counter()",
        "tests/gateway/test_borders.py::test_every_answer_protects_the_people_whose_browser_shows_it",
    ),
    _at(
        "what a message died of moves the cursor of a terminal",
        "runtime/amphibus/cli/look/logs.py",
        "({printable(receipt.error.splitlines()[0])})",
        "({receipt.error.splitlines()[0]})",
        "tests/console/test_cells.py::test_the_story_of_a_flow_is_told_in_the_words_of_nobody_else",
    ),
    _at(
        "a line of a traceback moves the cursor of a terminal",
        "runtime/amphibus/cli/output.py",
        '    return "\\n".join(printable(each) for each in text.split("\\n"))',
        "    return text",
        "tests/console/test_cells.py::test_a_dead_letter_keeps_the_lines_of_its_traceback_alone",
    ),
    _at(
        "a line of a log moves the cursor of a terminal",
        "runtime/amphibus/cli/look/log_lines.py",
        "printable(str(fields['text']))",
        "str(fields['text'])",
        "tests/console/test_cells.py::test_log_lines_move_no_cursor",
    ),
    _at(
        "JSON moves the cursor of a terminal",
        "runtime/amphibus/cli/output.py",
        'each if each.isprintable() or each == "\\n" else json.dumps',
        "each if True else json.dumps",
        "tests/console/test_cells.py::test_json_means_what_it_meant_and_a_terminal_obeys_none_of_it",
    ),
    _at(
        "a text of a customer moves the cursor of a terminal",
        "runtime/amphibus/cli/output.py",
        "    if text.isprintable():",
        "    if text:",
        "tests/console/test_cells.py",
    ),
)
