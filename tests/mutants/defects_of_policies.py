"""Limits that are not kept, policies that nobody follows."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

POLICIES: Final[tuple[Defect, ...]] = (
    in_runtime(
        "an endpoint's odd offset is a failure of the event",
        "webhooks/endpoint",
        "except (ArithmeticError, TypeError, ValueError):",
        "except (TypeError, ValueError):",
        "tests/webhooks/test_settings.py::test_a_retry_after_that_says_nothing_is_no_failure_of_the_event",
    ),
    in_runtime(
        "instances take permits that others hold",
        "policy/shares",
        "min(share, at_most - others)",
        "min(share, at_most)",
        "tests/policies/test_arithmetic.py",
    ),
    in_runtime(
        "a rate is rounded up",
        "policy/rate",
        "-(-self.seconds * _SECOND // self.most)",
        "self.seconds * _SECOND // self.most",
        "tests/policies/test_arithmetic.py",
    ),
    in_runtime(
        "turns of different instances overlap",
        "policy/rate",
        "first + (turns - 1) * interval if turns else last",
        "first if turns else last",
        "tests/policies/test_arithmetic.py",
    ),
    in_runtime(
        "a turn that comes as the patience ends is nobody's",
        "inbox/limits/line",
        "            if turn is None:\n                raise\n",
        "            raise\n",
        "tests/policies/test_changing_limits.py",
    ),
    in_runtime(
        "a rate that is raised waits as long as the old one",
        "inbox/limits/line",
        "            self.limit = limit\n            self._forget_times()",
        "            self.limit = limit",
        "tests/policies/test_changing_limits.py",
    ),
    in_runtime(
        "a clock that is set back stops a limited line",
        "inbox/limits/line",
        "if self._was_set_back(now):",
        "if self._was_set_back(now) and self.limit.at_most:",
        "tests/policies/test_changing_limits.py",
    ),
    in_runtime(
        "what waited apart trickles in after its limit is gone",
        "inbox/limits/overflow",
        "limited = key[0] in in_force.by_type",
        "limited = key in lines or not in_force.by_type",
        "tests/policies/test_changing_limits.py",
    ),
    in_runtime(
        "a call in a thread is forgotten with its message",
        "inbox/limits/turn",
        "last = not self._threads\n",
        "last = True\n",
        "tests/policies/test_limits.py::test_a_call_in_a_thread_counts_until_it_ends",
    ),
    in_runtime(
        "messages of a limited type stand before all others",
        "inbox/limits/limits",
        "len(line.waiting) >= ROOM",
        "len(line.waiting) >= ROOM * 1000",
        "tests/policies/test_limits.py::test_so_many_are_under_way_at_once_and_others_go_on",
    ),
    in_runtime(
        "a rate begins anew with its process",
        "inbox/limits/ledger",
        "            await take_turns(sql, line.key, reserved.last)\n",
        "            pass\n",
        "tests/policies/test_limits.py::test_a_rate_outlives_a_restart",
    ),
    in_runtime(
        "what waits for its turn goes on waiting at a stop",
        "inbox/limits/limits",
        "self._abandons(attempt):\n            return NoTurn.GIVEN_UP",
        "False:\n            return NoTurn.GIVEN_UP",
        "tests/policies/test_limits.py::test_what_waits_for_its_turn_holds_up_no_stop",
    ),
    in_runtime(
        "the time of a webhook's step does not follow its endpoint's",
        "routing/policies",
        ".under(policy_of_webhook(settings, module.name))",
        "",
        "tests/webhooks/test_settings.py::test_the_step_of_a_webhook_lasts_as_long_as_its_endpoint_may_take",
    ),
    in_runtime(
        "what is dead at once is tried again",
        "policy/in_force",
        "            if each in self.dead:\n                return True\n",
        "            if each in self.dead:\n                return False\n",
        "tests/policies/test_declared.py",
        "tests/policies/test_limits.py::test_what_is_dead_at_once_says_so_in_its_letter",
    ),
    in_runtime(
        "the configuration says nothing of policies",
        "routing/policies",
        "return usual.under(route.policy).under(said.get(route.contract.contract_type, Policy()))",
        "return usual.under(route.policy)",
        "tests/policies/test_declared.py",
    ),
)
