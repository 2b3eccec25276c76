"""Defects in what a project of somebody else relies on: its upgrade, its borders, and webhooks in both directions."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

_UPGRADE: Final = "tests/upgrades/test_project.py::"
_BORDERS: Final = "tests/console/test_borders.py::"
_INCOMING: Final = "tests/webhooks/test_incoming.py::"
_REPLAY: Final = "tests/webhooks/test_replay.py::"

PROJECTS: Final[tuple[Defect, ...]] = (
    in_runtime(
        "an upgrade that was cut off is forgotten",
        "cli/upgrade/journal",
        "    if not journal.is_dir():\n",
        "    if journal.is_dir():\n",
        f"{_UPGRADE}test_an_upgrade_that_ends_between_two_files_is_ended_by_the_next",
    ),
    in_runtime(
        "an upgrade writes over what a person has written meanwhile",
        "cli/upgrade/journal",
        '        if now not in (entry["before"], entry["after"]):\n',
        "        if now is None and entry is None:\n",
        f"{_UPGRADE}test_what_was_written_meanwhile_is_not_written_over",
    ),
    in_runtime(
        "a setting counts as renamed whatever came of it",
        "cli/upgrade/configuration",
        "        if wanted is None or _read(changed) != wanted:\n",
        "        if wanted is None:\n",
        f"{_UPGRADE}test_settings_that_cannot_be_renamed_surely_are_left_as_they_are",
    ),
    in_runtime(
        "a name of another package is renamed",
        "cli/upgrade/code",
        "        if isinstance(node, ast.ImportFrom) and node.level == 0:\n"
        "            yield from _imported_from(node, lines)\n",
        "        if isinstance(node, ast.ImportFrom) and node.module == 'mine':\n"
        "            yield _Edit(node.lineno, 0, b'from mine', b'from ours')\n",
        f"{_UPGRADE}test_a_name_that_is_no_import_of_ours_stays",
    ),
    in_runtime(
        "a baseline grows",
        "cli/check/borders",
        "    if (root / BASELINE).exists():\n        return shrink_baseline(root)\n",
        "",
        f"{_BORDERS}test_a_baseline_only_shrinks_whoever_writes_it",
    ),
    in_runtime(
        "an import that is gone stays in the baseline unseen",
        "cli/check/borders",
        "    if gone:\n",
        "    if gone and not found:\n",
        f"{_BORDERS}test_a_baseline_holds_what_is_there_and_nothing_new",
    ),
    in_runtime(
        "a post that was recorded long ago is taken",
        "gateway/incoming/signed",
        "    if abs(now // SECOND - timestamp) > tolerance_seconds:\n",
        "    if timestamp - now // SECOND > tolerance_seconds:\n",
        f"{_INCOMING}test_whoever_does_not_sign_what_he_posts_now_is_nobody",
    ),
    in_runtime(
        "a post is taken whoever signed it",
        "webhooks/signature",
        "    return any(fits)",
        "    return bool(fits)",
        f"{_INCOMING}test_whoever_does_not_sign_what_he_posts_now_is_nobody",
    ),
    in_runtime(
        "a repeated post is another command",
        "gateway/incoming/endpoint",
        '("webhook", self._name, delivery.id)',
        '("webhook", self._name, f"{id(delivery)} {exchange.trace}")',
        f"{_INCOMING}test_the_same_post_five_times_has_one_effect_also_after_a_restart",
    ),
    in_runtime(
        "a post is answered before it is stored",
        "gateway/incoming/endpoint",
        "                stored=True,\n                trace",
        "                stored=False,\n                trace",
        f"{_INCOMING}test_a_signed_post_becomes_a_command_of_the_webhook",
    ),
    in_runtime(
        "a webhook that posts again forgets nothing",
        "admin/posted_again",
        "                await forget(sql, batch[0].source, had)\n",
        "                pass\n",
        f"{_REPLAY}test_what_an_endpoint_has_had_is_posted_again_under_its_id_and_in_order",
    ),
    in_runtime(
        "an act in several transactions stands in the audit for each of them",
        "admin/posted_again",
        "            noted = True\n",
        "            noted = False\n",
        f"{_REPLAY}test_it_stands_once_in_each_audit_with_its_count_and_reason",
    ),
    in_runtime(
        "a webhook posts again what is dead",
        "admin/posted_again",
        "    held = there - handled\n",
        "    held = handled - there\n",
        f"{_REPLAY}test_what_waits_for_a_retry_or_is_dead_is_left_to_its_own_commands",
    ),
    in_runtime(
        "what a webhook tells of belongs to nobody but itself",
        "gateway/incoming/endpoint",
        "[over_all(requires)] if",
        "[requires] if",
        f"{_INCOMING}test_a_webhook_acts_on_what_belongs_to_others",
    ),
)
