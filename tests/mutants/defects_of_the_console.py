"""Defects of the console: who gets in, what a form may do, and what becomes of text that strangers wrote."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

_PAGES: Final = "tests/pages/test_console.py::"
_LOOKING: Final = "tests/pages/test_looking.py::"

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
        "            if not principal.may(right):",
        "            if not principal.scopes:",
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
)
