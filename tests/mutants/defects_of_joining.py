"""Defects of what joins a system to applications of another make, and to endpoints of others."""

from tests.mutants.defect import in_runtime

_OUTBOX = "tests/integrations/test_outbox.py"
_STREAM = "tests/integrations/test_faststream.py"
_WEBHOOKS = "tests/webhooks/test_webhooks.py"

JOINING = (
    in_runtime(
        "a relay forgets what its receiver has not taken",
        "integrations/line",
        "                    self._refused(key, envelope, error)\n                    return\n",
        "                    self._refused(key, envelope, error)\n",
        f"{_OUTBOX}::test_an_application_starts_without_a_broker_and_loses_nothing",
    ),
    in_runtime(
        "numbers of a key are given before the commits are in order",
        "integrations/tables",
        'if message.key is not None and connection.dialect.name == "postgresql":',
        'if message.key is None and connection.dialect.name == "postgresql":',
        f"{_OUTBOX}::test_a_transaction_waits_for_another_one_that_sends_for_the_same_key",
    ),
    in_runtime(
        "an application's inbox takes everything for new",
        "integrations/inbox",
        "return noted.rowcount == 1",
        "return noted.rowcount < 2",
        f"{_STREAM}::test_an_event_that_comes_twice_is_handled_once",
    ),
    in_runtime(
        "an event that is given up holds up the next one",
        "integrations/faststream",
        "if failures >= self._attempts and",
        "if failures > 1_000 and",
        f"{_STREAM}::test_an_event_that_can_never_be_handled_is_kept_and_holds_up_no_other",
    ),
    in_runtime(
        "an event is given up with an error that its database refuses",
        "integrations/inbox",
        "said = storable(error, _LONGEST_ERROR)",
        "said = error + chr(0)",
        f"{_STREAM}::test_whatever_a_handler_does_its_event_ends_and_holds_up_no_other",
    ),
    in_runtime(
        "a statement that a handler had cancelled is waited for",
        "integrations/faststream",
        "is_conflict(error) or is_handler_store_failure(error):",
        "is_conflict(error) or is_store_failure(error):",
        f"{_STREAM}::test_whatever_a_handler_does_its_event_ends_and_holds_up_no_other",
    ),
    in_runtime(
        "a relay's lease is by its own clock",
        "integrations/server_time",
        'if session.get_bind().dialect.name == "postgresql":',
        "if False:",
        f"{_OUTBOX}::test_a_clock_that_is_a_day_fast_keeps_no_other_relay_from_its_turn",
    ),
    in_runtime(
        "an endpoint's redirect counts as taken",
        "webhooks/endpoint",
        "if not 200 <= status < 300:",
        "if not 200 <= status < 400:",
        f"{_WEBHOOKS}::test_a_redirect_is_not_followed",
    ),
    in_runtime(
        "an endpoint that is busy uses the event up",
        "webhooks/endpoint",
        "_BUSY: Final = frozenset({429, 502, 503, 504})",
        "_BUSY: Final = frozenset({429})",
        f"{_WEBHOOKS}::test_an_endpoint_that_is_down_for_an_hour_gets_everything_in_the_order_of_each_key",
    ),
    in_runtime(
        "a webhook reaches what is inside",
        "webhooks/guard",
        "return found.is_global and not found.is_multicast",
        "return True",
        f"{_WEBHOOKS}::test_nothing_is_posted_to_an_address_inside",
    ),
    in_runtime(
        "a signature does not cover its time",
        "webhooks/signature",
        'f"{message_id}.{timestamp}."',
        'f"{message_id}.0."',
        f"{_WEBHOOKS}::test_an_event_is_posted_once_as_a_signed_cloud_event",
    ),
    in_runtime(
        "an event that was taken is posted again where its answer does not end",
        "webhooks/endpoint",
        "    with contextlib.suppress(*_LOST):",
        "    with contextlib.suppress(EOFError):",
        f"{_WEBHOOKS}::test_an_endpoint_that_has_taken_an_event_need_not_end_its_answer",
    ),
    in_runtime(
        "a webhook reaches a site by an address of IPv6",
        "webhooks/guard",
        "        if found not in _UNICAST:\n            return False\n",
        "",
        f"{_WEBHOOKS}::test_an_address_inside_is_known_in_every_disguise",
    ),
)
