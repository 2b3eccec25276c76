"""Defects in what is repeated over HTTP: ids that can be told, answers that are somebody else's."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

_REQUEST_IDS: Final = "tests/gateway/test_request_ids.py::"

REPEATING: Final[tuple[Defect, ...]] = (
    in_runtime(
        "whoever knows a sender and his key tells the id of the message",
        "access/request_ids",
        "hmac.digest(self._secret(), _PURPOSE, sha256)",
        'hmac.digest(b"", _PURPOSE, sha256)',
        f"{_REQUEST_IDS}test_another_system_gives_the_same_request_another_id",
    ),
    in_runtime(
        "a request is recorded under an id that changes with the secret",
        "gateway/writes",
        'f"key {derived_id(*repeated)}"',
        'f"key {message_id}"',
        f"{_REQUEST_IDS}test_a_request_of_an_older_version_is_known_under_its_old_id",
    ),
    in_runtime(
        "a request that died is answered as if it had another id",
        "gateway/writes",
        "                write = self._as_accepted(write, exchange.request_id)\n",
        "",
        f"{_REQUEST_IDS}test_a_request_of_an_older_version_is_known_under_its_old_id",
    ),
    in_runtime(
        "the secret of the ids changes with each start",
        "host/module_host",
        "        cursors.secret = bytes.fromhex(kept)\n",
        "",
        f"{_REQUEST_IDS}test_it_is_the_same_after_a_restart_though_the_request_is_forgotten",
    ),
    in_runtime(
        "what somebody was answered is answered to whoever sends the same",
        "gateway/accepted_rows",
        "sha256(digest + whose.encode())",
        "sha256(digest)",
        "tests/access/test_repeated.py"
        "::test_an_id_that_somebody_else_has_used_is_taken_with_the_same_content_too",
    ),
    in_runtime(
        "a business id that an older version accepted is taken by another",
        "gateway/accepted_store",
        "known.digest not in (digest, older)",
        "known.digest != digest",
        f"{_REQUEST_IDS}test_a_request_of_an_older_version_is_known_under_its_old_id",
    ),
)
