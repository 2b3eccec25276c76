"""Defects in what a client may ask: a head without end, a bucket that never empties, a request ended for another."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

_CONNECTIONS: Final = "tests/gateway/test_connections.py::"
_HTTPS: Final = "tests/gateway/test_https.py::"
_RATES: Final = "tests/gateway/test_rates.py::"
_ENTRANCE: Final = "tests/pages/test_entrance.py::"

LIMITS: Final[tuple[Defect, ...]] = (
    in_runtime(
        "a head that never ends is kept",
        "gateway/limits/protocol",
        "        if begun and self._head > self._limits.head_bytes:",
        "        if begun and self._head > 1 << 40:",
        f"{_CONNECTIONS}test_a_head_without_end_is_cut_off_while_it_comes",
    ),
    in_runtime(
        "a head may have any number of fields",
        "gateway/limits/protocol",
        "        if len(self.headers) > limits.head_fields or (",
        "        if (",
        f"{_CONNECTIONS}test_a_head_that_is_too_large_is_refused",
    ),
    in_runtime(
        "a head that comes byte by byte begins anew with each",
        "gateway/limits/protocol",
        "        self._unset_keepalive_if_required()\n",
        "        self._unset_keepalive_if_required()\n        self.since = self._all.now + 9\n",
        f"{_CONNECTIONS}test_a_head_must_come_whole_in_time",
    ),
    in_runtime(
        "a request that is worked on is ended for another",
        "connections/connections",
        "        waiting = [each for each in among if each.phase is not Phase.BUSY]\n",
        "        waiting = list(among)\n",
        f"{_CONNECTIONS}test_one_address_takes_no_more_than_its_part",
    ),
    in_runtime(
        "who comes on top is turned away, though others only wait",
        "connections/connections",
        "            self._make_room(self._heaviest(), self._most)\n",
        "            pass\n",
        f"{_CONNECTIONS}test_the_oldest_that_are_waited_for_make_room",
    ),
    in_runtime(
        "a process that was held up hangs up on whoever asked meanwhile",
        "connections/connections",
        "        self.now += min(seconds, _COUNTED_SECONDS)\n",
        "        self.now += seconds\n",
        f"{_CONNECTIONS}test_a_process_that_was_held_up_counts_it_against_nobody",
    ),
    in_runtime(
        "handshakes of TLS are not counted",
        "connections/listener",
        "        if not self._all.admit(opening):\n",
        "        if not opening:\n",
        f"{_HTTPS}test_who_never_begins_to_speak_tls_takes_nobodys_place",
    ),
    in_runtime(
        "requests pile up on one connection",
        "gateway/limits/protocol",
        "        if len(self.pipeline) >= _MOST_PIPELINED:",
        "        if len(self.pipeline) >= 1 << 40:",
        f"{_CONNECTIONS}test_requests_that_nobody_waits_for_pile_up_nowhere",
    ),
    in_runtime(
        "a bucket never empties",
        "gateway/limits/buckets",
        "        self._full[whose] = full - window.interval if late else full\n",
        "        self._full[whose] = now\n",
        f"{_RATES}test_so_many_come_at_once_and_then_one_after_the_other",
    ),
    in_runtime(
        "buckets are never forgotten",
        "gateway/limits/buckets",
        "        if len(self._full) > self._most:",
        "        if not self._full:",
        f"{_RATES}test_of_very_many_the_oldest_are_forgotten",
    ),
    in_runtime(
        "what waits is never counted",
        "gateway/limits/backlog",
        "        self._at_most += 1\n",
        "",
        f"{_RATES}test_what_was_accepted_and_cannot_leave_ends_somewhere",
    ),
    in_runtime(
        "a body is as large as the settings say, whatever its contract says",
        "gateway/writes",
        "        limit = min(self._limits.body_limit_bytes, self._binding.http.body_bytes)\n",
        "        limit = self._limits.body_limit_bytes\n",
        f"{_RATES}test_a_contract_says_how_large_its_body_is",
    ),
    in_runtime(
        "a quota counts for nobody",
        "gateway/writes",
        "        self._intake.quotas.another(write.message, exchange.principal, exchange.peer)\n",
        "",
        f"{_RATES}test_a_quota_is_refused_with_its_code_for_whom_it_counts",
    ),
    in_runtime(
        "anybody uses up the quota of anybody",
        "gateway/limits/quotas",
        "    own = _as_its_own(message, principal)\n",
        "    own: Message | None = message\n",
        f"{_RATES}test_nobody_uses_up_the_quota_of_somebody_else",
    ),
    in_runtime(
        "a network of IPv6 takes all places of those who wait",
        "gateway/outcomes/waiting",
        "        limits, client = self._limits, origin_of(client)\n",
        "        limits = self._limits\n",
        "tests/modules/test_outcomes.py::test_a_network_of_ipv6_has_the_places_of_one_client",
    ),
    in_runtime(
        "nobody counts who knocks at the console",
        "console/entrance",
        "        self._door.count(exchange)\n        shown = await",
        "        shown = await",
        f"{_ENTRANCE}test_who_shows_nothing_good_is_counted_by_his_address",
    ),
    in_runtime(
        "a stranger's form at the console is as long as he likes",
        "console/entrance",
        "form_of(request, _LONGEST_FORM)",
        "form_of(request)",
        f"{_ENTRANCE}test_a_form_with_a_credential_is_as_long_as_one_can_be",
    ),
)
