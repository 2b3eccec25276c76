"""Defects of schedules, and of waiting for an outcome."""

from tests.mutants.defect import in_runtime, of_the_broker

_WEEK = "test_schedules.py::test_a_week_has_five_working_days"
_PLAN = "tests/runtime/test_schedule_plan.py"
_CHECK = "tests/runtime/test_schedule_check.py"
_WAITS = "tests/modules/test_outcomes.py"

SCHEDULES = (
    in_runtime(
        "each instance sends what is due",
        "database/steering/schedules",
        " WHERE name = ? AND next = ? AND plan = ? AND paused IS NULL",
        " WHERE name = ? AND next >= ? AND plan = ?",
        "test_schedules.py::test_a_paused_schedule_sends_nothing_and_makes_up_for_nothing",
        "tests/database/test_schedule_instances.py",
    ),
    in_runtime(
        "a command of a schedule has a new id each time",
        "inbox/steering/schedules",
        'identity = derived_id("schedule", self._module, self.name, str(time), *how)',
        'identity = derived_id("schedule", self._module, self.name, str(now), *how)',
        f"{_CHECK}::test_the_command_of_a_time_has_an_id_that_follows_from_it",
        "test_schedules.py::test_a_clock_an_hour_ahead_sends_a_command_once",
    ),
    in_runtime(
        "a schedule moves on in a commit of its own",
        "inbox/steering/schedules",
        "        self._leave(envelopes, transaction)\n        transaction.after_commit(partial(self._tell, row, due))",
        "        transaction.after_commit(partial(self._tell, row, due))",
        _WEEK,
    ),
    in_runtime(
        "what was missed is sent though it is to be skipped",
        "schedule/turn",
        '    if missed == "skip" and now - newest > _LATE:',
        '    if missed == "skip" and now - newest > now:',
        f"{_PLAN}::test_what_was_missed",
    ),
    in_runtime(
        "the oldest of the missed times is sent for all",
        "schedule/turn",
        "    return Turn((newest,), plan.after(newest), others)",
        "    return Turn((due,), plan.after(newest), others)",
        f"{_PLAN}::test_what_was_missed",
    ),
    in_runtime(
        "a clock that was ahead stops a schedule for as long",
        "schedule/turn",
        "    return soonest if due is None else min(due, soonest)",
        "    return soonest if due is None else due",
        f"{_PLAN}::test_a_clock_that_was_ahead_stops_nothing",
    ),
    in_runtime(
        "in an hour that is repeated a time comes twice",
        "schedule/plan",
        "            if (at := as_microseconds(found.astimezone(UTC))) > moment:",
        "            if (at := as_microseconds(found.astimezone(UTC))) > 0:",
        f"{_PLAN}::test_an_hour_that_a_zone_skips_or_repeats",
    ),
    in_runtime(
        "a schedule that is declared no more stays armed",
        "inbox/steering/schedules",
        "            return [] if row.next is None else [partial(self._arm, row.name, row.plan, None)]",
        "            return []",
        "test_schedules.py::test_another_plan_and_one_that_is_declared_again_begin_anew",
    ),
    in_runtime(
        "a schedule that is resumed makes up for its pause",
        "database/steering/schedules",
        "\"UPDATE amphibus_schedule SET paused = NULL, reason = '', next = NULL\"",
        "\"UPDATE amphibus_schedule SET paused = NULL, reason = ''\"",
        "test_schedules.py::test_a_paused_schedule_sends_nothing_and_makes_up_for_nothing",
    ),
    in_runtime(
        "a schedule may name a command of another module",
        "routing/schedule_check",
        "    if declared.contract not in {row.contract for row in module.handles}:",
        "    if declared.contract in ():",
        f"{_CHECK}::test_what_is_wrong_with_one",
    ),
    in_runtime(
        "a module may not send what its schedules send",
        "routing/topology",
        "    yield from (each.contract for each in module.schedules)",
        "    yield from ()",
        f"{_CHECK}::test_a_module_sends_what_its_schedules_send",
    ),
    in_runtime(
        "nobody is told of an outcome",
        "inbox/executor",
        "        if leaving and outcomes.followed:",
        "        if leaving and not outcomes:",
        f"{_WAITS}::test_who_waits_is_told_by_the_commit",
    ),
    in_runtime(
        "an outcome is told once, and not asked for again",
        "gateway/outcomes/follower",
        "asked, again = self._all(), now() + AGAIN_SECONDS",
        "again = now() + AGAIN_SECONDS",
        f"{_WAITS}::test_a_word_that_is_lost_is_asked_for_again",
    ),
    in_runtime(
        "a client that leaves keeps its place",
        "gateway/outcomes/waiting",
        "            self._taken[client] -= 1\n",
        "",
        f"{_WAITS}::test_a_client_that_leaves_gives_its_place_back",
    ),
    in_runtime(
        "an outcome that a client has seen is sent again",
        "gateway/outcome_stream",
        "            if found is not None and found.id.encode() in seen:",
        "            if found is not None and found.id.encode() in ():",
        f"{_WAITS}::test_who_waits_is_told_by_the_commit",
    ),
    of_the_broker(
        "a word about an outcome finds no address",
        "transports/rabbitmq/incoming/inbound",
        "        address = address or envelope.extra.get(REPLY_TO)\n",
        "",
        "tests/rabbitmq/test_outcomes.py",
    ),
)
