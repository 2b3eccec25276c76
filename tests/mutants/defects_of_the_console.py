"""Defects of the console: who gets in, what a form may do, and what becomes of text that strangers wrote."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

_PAGES: Final = "tests/pages/test_console.py::"
_FORMS: Final = "tests/pages/test_shapes.py::"
_TRYING: Final = "tests/pages/test_trying.py::"
_LOOKING: Final = "tests/pages/test_looking.py::"
_ENTRANCE: Final = "tests/pages/test_entrance.py::"

CONSOLE: Final[tuple[Defect, ...]] = (
    in_runtime(
        "a link of the console leads wherever it says",
        "console/entrance",
        'screen = to if _SCREEN.fullmatch(to) else ""',
        "screen = to",
        f"{_LOOKING}test_a_link_leads_to_a_screen_and_nowhere_else",
    ),
    in_runtime(
        "the console does not hear what died in a handler",
        "telemetry/handled",
        '("handled", "refused", "delayed", "died")',
        '("handled", "refused", "delayed")',
        f"{_LOOKING}test_handlers_are_counted_with_what_died_in_them",
    ),
    in_runtime(
        "what strangers wrote becomes part of a page",
        "console/rendering",
        "        autoescape=True,\n",
        "        autoescape=False,\n",
        f"{_PAGES}test_what_strangers_wrote_is_text_on_every_screen",
    ),
    in_runtime(
        "a link of the console lets in again",
        "console/sessions",
        "            place.unlink()\n",
        "",
        f"{_PAGES}test_nobody_gets_in_without_the_link_and_it_is_good_once",
    ),
    in_runtime(
        "the developer gets in without a link",
        "console/entrance",
        'shown.kind == "anonymous" or shown == DEVELOPER',
        'shown.kind == "anonymous"',
        f"{_PAGES}test_nobody_gets_in_without_the_link_and_it_is_good_once",
    ),
    in_runtime(
        "a form of any page is taken",
        "console/entrance",
        "    if site is None and origin not in ours:",
        "    if site is None and origin is None:",
        f"{_PAGES}test_a_form_of_another_page_is_refused",
    ),
    in_runtime(
        "whoever may read may act",
        "console/console",
        "self._shown(each, OPERATE)) for path",
        "self._shown(each)) for path",
        f"{_PAGES}test_who_may_read_sees_no_form_and_may_not_act",
    ),
    in_runtime(
        "any right opens the console",
        "console/console",
        "    if principal is not None and not principal.may(right):",
        "    if principal is not None and not principal.scopes:",
        f"{_PAGES}test_who_has_other_rights_sees_nothing",
    ),
    in_runtime(
        "a name of elsewhere for this machine opens the console",
        "console/entrance",
        "if not self._guarded and not is_from_here(exchange):",
        "if self._guarded and not is_from_here(exchange):",
        f"{_PAGES}test_a_proxy_and_another_name_of_this_machine_are_not_let_in",
    ),
    in_runtime(
        "a letter is retried without a reason",
        "console/visit",
        '        if not text:\n            raise NotUnderstood("say why"',
        '        if text is None:\n            raise NotUnderstood("say why"',
        f"{_PAGES}test_one_letter_is_retried_with_a_reason_and_not_without",
    ),
    in_runtime(
        "a dry run is none",
        "console/acts/operations",
        '    if visit.form.get("dry_run"):',
        '    if visit.form.get("dry run"):',
        f"{_PAGES}test_a_group_is_retried_as_an_operation_after_a_dry_run",
    ),
    in_runtime(
        "the console is served where nobody asks who comes in",
        "console/console",
        "return settings.access.guarded or is_loopback(",
        "return not settings.access.guarded or is_loopback(",
        "tests/pages/test_network.py",
    ),
    in_runtime(
        "a form of a list forgets an item",
        "console/forms/reading",
        "            for number in range(min(count, MOST_ITEMS))",
        "            for number in range(1, min(count, MOST_ITEMS))",
        f"{_FORMS}test_every_kind_of_value_comes_back_as_it_was",
    ),
    in_runtime(
        "hidden personal data of one item comes to another",
        "console/forms/judging",
        "len(whole) != len(value):",
        "len(whole) < 0:",
        f"{_FORMS}test_what_was_hidden_comes_back_where_it_was",
    ),
    in_runtime(
        "an error repeats a personal value's own words",
        "console/forms/judging",
        "personal=frozenset(personal_fields(contract)))",
        "personal=frozenset())",
        f"{_FORMS}test_a_personal_value_is_not_repeated_by_an_error",
    ),
    in_runtime(
        "an operator says an event for its owner",
        "console/sending",
        '        if kind_of(contract) == "event":\n',
        '        if kind_of(contract) == "events":\n',
        f"{_TRYING}test_an_event_is_checked_and_not_sent",
    ),
    in_runtime(
        "a form sends what its sender may not send over HTTP",
        "console/sending",
        'return "" if principal.may(requires) else f"this needs the right {requires}"',
        'return ""',
        "tests/pages/test_right_to_send.py"
        "::test_who_lacks_the_right_of_a_route_sends_and_asks_nothing",
    ),
    in_runtime(
        "a page that was begun before an act is shown after it",
        "console/shared",
        "        self._made = {}\n",
        "",
        "tests/pages/test_shared.py"
        "::test_a_page_that_was_begun_before_an_act_is_not_shown_after_it",
    ),
    in_runtime(
        "pages are kept for every address that anybody asks for",
        "console/shared",
        "        if len(self._made) > _MOST:",
        "        if len(self._made) < 0:",
        "tests/pages/test_shared.py::test_who_asks_for_ever_other_addresses_fills_no_memory",
    ),
    in_runtime(
        "what is no form is a fault of ours",
        "console/console",
        "        except NotUnderstood as error:\n            return page(",
        "        except NotThere as error:\n            return page(",
        "tests/pages/test_console.py::test_who_comes_in_with_what_is_no_form_is_told_so",
    ),
    in_runtime(
        "a number in an address may be larger than a database takes",
        "console/visit",
        "len(text) > _MOST_DIGITS",
        "len(text) > len(str(1 << 62))",
        "tests/pages/test_console.py::test_what_makes_no_sense_is_said_on_a_page",
    ),
    in_runtime(
        "what is sent from a form is not audited",
        "console/acts/trying",
        "    await visit.look.ask(GATEWAY, note)\n",
        "    del note\n",
        f"{_TRYING}test_a_form_that_is_sent_is_handled_and_audited_and_leads_to_its_story",
    ),
    in_runtime(
        "each press of a button sends anew",
        "console/sending",
        "        exchange = _exchange(body, once)",
        '        exchange = _exchange(body, "")',
        f"{_TRYING}test_a_form_that_is_sent_twice_is_done_once",
    ),
    in_runtime(
        "a cookie forgets who acts for whom",
        "console/sessions",
        '                "actor": principal.actor,\n',
        "",
        f"{_ENTRANCE}test_a_cookie_says_who_acts_for_whom",
    ),
    in_runtime(
        "a redirect goes where a key's signs lead",
        "console/visit",
        '*(quote(each, safe="") for each in below)',
        "*below",
        f"{_ENTRANCE}test_a_redirect_leads_to_what_others_have_named_whatever_its_signs",
    ),
    in_runtime(
        "a check prints what a terminal obeys",
        "cli/check/command",
        "  {printable_lines(problem)}",
        "  {problem}",
        "tests/console/test_cells.py::test_what_a_project_is_told_of_itself_moves_no_cursor",
    ),
    in_runtime(
        "a form that is sent twice begins twice",
        "console/acts/operations",
        "        id=_id_of(visit, module),\n",
        "        id=new_id(),\n",
        "tests/pages/test_console.py::test_a_group_is_retried_as_an_operation_after_a_dry_run",
    ),
    in_runtime(
        "a link that is used hinders whoever makes another",
        "console/sessions",
        "    except FileNotFoundError:\n",
        "    except PermissionError:\n",
        f"{_ENTRANCE}test_a_link_that_goes_while_another_is_made_hinders_nobody",
    ),
    in_runtime(
        "behind a proxy a cookie goes by plain HTTP too",
        "console/entrance",
        "secure=came_by_tls(request.scope)",
        'secure=request.url.scheme == "https"',
        f"{_ENTRANCE}test_a_cookie_that_came_by_tls_goes_back_by_it_alone",
    ),
    in_runtime(
        "a type that never comes is shown as paused",
        "console/acts/steering",
        "        _check_received(visit, module, type_)\n",
        "",
        "tests/pages/test_console.py::test_a_module_is_paused_and_goes_on",
    ),
    in_runtime(
        "a session outlives the key that began it",
        "console/entrance",
        " and (not known.key or await self._door.holds(known.key))",
        "",
        f"{_ENTRANCE}test_a_session_ends_with_the_key_that_began_it",
    ),
    in_runtime(
        "a session outlives the token that began it",
        "console/entrance",
        "int(seconds_of(credential, _CREDENTIAL_SECONDS))",
        "_CREDENTIAL_SECONDS",
        f"{_ENTRANCE}test_a_session_lasts_no_longer_than_the_token_that_began_it",
    ),
    in_runtime(
        "a store that is away fails the console in its own words",
        "console/console",
        "            except Exception:  # noqa: BLE001 - whatever it is, nobody is let in\n",
        "            except EOFError:\n",
        f"{_ENTRANCE}test_nobody_is_let_in_while_nobody_can_say_who_asks",
    ),
)
