"""Defects in who may do what: a door that lets in too many, a word that is believed, a right that is not asked for."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

_RIGHTS: Final = "tests/conformance/test_rights.py::"
_TOKENS: Final = "tests/access/test_tokens.py::"
_DOOR: Final = "tests/access/test_door.py::"
_MATRIX: Final = "tests/access/test_matrix.py::"
_BUS: Final = "tests/rights/test_matrix.py::"
_SIGNED: Final = "tests/rights/test_signatures.py::"
_TIMELY: Final = "tests/conformance/test_timely.py::"
_HTTPS: Final = "tests/gateway/test_https.py::"
_CURSORS: Final = "tests/access/test_cursors.py::"
_REFUSALS: Final = "tests/access/test_refusals.py::"
_ELSES: Final = "test_who_asks_for_what_is_somebody_elses_stands_in_the_audit_of_its_owner"
_COMMANDS: Final = "tests/console/test_access.py::"

ACCESS: Final[tuple[Defect, ...]] = (
    in_runtime(
        "a program outside speaks for anybody",
        "access/speakers",
        "        if envelope.source not in self._modules:",
        "        if not envelope.source:",
        f"{_RIGHTS}test_a_forged_principal_is_dead_at_once",
    ),
    in_runtime(
        "an effect forgets for whom it is",
        "routing/codec",
        "            extra=carried(cause.extra),\n",
        "",
        f"{_RIGHTS}test_every_effect_says_for_whom_it_is",
    ),
    in_runtime(
        "an effect has the scopes of its cause",
        "routing/codec",
        "            extra=carried(cause.extra),\n",
        "            extra=cause.extra,\n",
        f"{_RIGHTS}test_every_effect_says_for_whom_it_is",
    ),
    in_runtime(
        "a deadline forgets for whom its process was begun",
        "inbox/timers",
        "            text_of(carried(cause.extra)),\n",
        "            None,\n",
        f"{_RIGHTS}test_so_does_a_deadline_which_acts_itself",
    ),
    in_runtime(
        "a token of any issuer counts",
        "access/tokens",
        "                issuer=self._rules.issuer,\n",
        "",
        f"{_TOKENS}test_a_token_that_is_spoilt_is_nobodys",
    ),
    in_runtime(
        "a token counts without an end",
        "access/tokens",
        '_CLAIMS: Final = ("iss", "aud", "exp", "nbf", "sub")',
        '_CLAIMS: Final = ("iss", "aud", "sub")',
        f"{_TOKENS}test_a_token_that_is_spoilt_is_nobodys",
    ),
    in_runtime(
        "a token counts for years",
        "access/tokens",
        '        if float(claims["exp"]) - float(claims["nbf"]) > self._rules.longest_seconds:',
        '        if float(claims["exp"]) < 0:',
        f"{_TOKENS}test_a_token_that_is_spoilt_is_nobodys",
    ),
    in_runtime(
        "a key of an issuer counts for every purpose",
        "access/key_set",
        '    if key.get("use", "sig") != "sig" or',
        "    if",
        f"{_TOKENS}test_a_key_set_gives_no_secret_and_no_weak_key",
    ),
    in_runtime(
        "a page of elsewhere in a browser here is the developer",
        "gateway/door",
        '    return all(_host_of(each) in _LOCAL_NAMES for each in (*exchange.sent(b"host"), *origins))',
        "    return True or bool(origins)",
        f"{_DOOR}test_the_developer_is_a_program_on_this_machine",
    ),
    in_runtime(
        "anybody may name whom he asks for, as a proxy does",
        "gateway/door",
        "        if exchange.peer != proxy.address:",
        "        if not exchange.peer:",
        f"{_DOOR}test_only_the_proxy_says_who_asks",
    ),
    in_runtime(
        "a route that declares no right lets in everybody",
        "gateway/door",
        "    if requires == PUBLIC:",
        "    if requires in (None, PUBLIC):",
        f"{_DOOR}test_a_route_that_declares_no_right_lets_in_nobody",
    ),
    in_runtime(
        "what is somebody else's may be read",
        "inbox/queries",
        "await within_rights(entry.route, message, context)",
        "message",
        f"{_MATRIX}test_nothing_passes_that_is_not_declared_and_all_that_is",
    ),
    in_runtime(
        "what is somebody else's may be changed",
        "inbox/executor",
        "            message = await within_rights(entry.route, message, context)\n",
        "",
        f"{_MATRIX}test_nothing_passes_that_is_not_declared_and_all_that_is",
    ),
    in_runtime(
        "what is on its way is told to everybody",
        "gateway/reads",
        "        if sees_all(exchange.principal, self._binding.contract):",
        "        if known:",
        f"{_MATRIX}test_what_was_accepted_and_is_on_its_way_is_its_senders_alone",
    ),
    in_runtime(
        "a key that was revoked goes on",
        "access/api_keys",
        "        if key is None or not good or key.revoked is not None:",
        "        if key is None or not good:",
        f"{_COMMANDS}test_a_key_is_shown_once_kept_as_a_hash_and_revoked",
    ),
    in_runtime(
        "a network is served where nobody is asked",
        "cli/run/command",
        "        start_checks.refuse_open_address(settings)\n",
        "        pass\n",
        f"{_COMMANDS}test_a_network_is_served_only_where_somebody_is_asked",
    ),
    in_runtime(
        "a source that nobody declares is believed",
        "transports/rabbitmq/incoming/senders",
        '            return f"nobody declares what {source} sends"\n',
        "            return None\n",
        f"{_BUS}test_a_source_that_nobody_declares_is_not_believed",
    ),
    in_runtime(
        "a stored command is believed past the queues",
        "transports/rabbitmq/incoming/senders",
        "                why = self._not_by_this_way(envelope, arrival)\n",
        "                why = None\n",
        f"{_BUS}test_the_receivers_lock_believes_what_is_declared_and_nothing_near_it",
    ),
    in_runtime(
        "the gateway sends what has no route",
        "routing/project",
        "    routed = [each for each in contracts.values() if each.contract_http is not None]\n",
        "    routed = [*contracts.values()]\n",
        f"{_BUS}test_the_gateway_sends_what_has_a_route_and_nothing_else",
    ),
    in_runtime(
        "a message from the future is handled",
        "messages/timeliness",
        "    if since <= sent <= now + slack:\n",
        "    if since <= sent:\n",
        f"{_TIMELY}test_a_message_from_another_time_is_dead_at_once",
    ),
    in_runtime(
        "a signature does not cover the body",
        "transports/rabbitmq/signatures/signing",
        '    return b"".join((_FIRST, "".join(lines).encode(), b"\\n", body))\n',
        '    return b"".join((_FIRST, "".join(lines).encode(), b"\\n"))\n',
        f"{_SIGNED}test_so_is_another_body_and_what_nobody_has_signed",
    ),
    in_runtime(
        "a key signs for every source",
        "transports/rabbitmq/signatures/signing",
        "        key = self._keys.get(source, {}).get(identity)\n",
        "        key = next((some[identity] for some in self._keys.values() if identity in some), None)\n",
        f"{_SIGNED}test_a_key_signs_for_its_source_alone",
    ),
    in_runtime(
        "a certificate with any name has the rights of its door",
        "gateway/door",
        "        roles = self._certificates.get(name)\n",
        "        roles = next(iter(self._certificates.values()))\n",
        f"{_HTTPS}test_a_client_is_whom_its_certificate_names",
    ),
    in_runtime(
        "a cursor is good for everybody",
        "access/cursors",
        "            [type(query).contract_type, wanted, principal.name, text], sort_keys=True\n",
        "            [type(query).contract_type, wanted, text], sort_keys=True\n",
        f"{_CURSORS}test_it_is_refused_to_others_for_other_filters_and_from_elsewhere",
    ),
    in_runtime(
        "a cursor is good for every filter",
        "access/cursors",
        "            [type(query).contract_type, wanted, principal.name, text], sort_keys=True\n",
        "            [type(query).contract_type, principal.name, text], sort_keys=True\n",
        f"{_CURSORS}test_it_is_refused_to_others_for_other_filters_and_from_elsewhere",
    ),
    in_runtime(
        "the place in a cursor is not sealed",
        "access/cursors",
        "            [type(query).contract_type, wanted, principal.name, text], sort_keys=True\n",
        "            [type(query).contract_type, wanted, principal.name], sort_keys=True\n",
        f"{_CURSORS}test_one_that_was_changed_anywhere_is_refused",
    ),
    in_runtime(
        "each instance has a secret of its own for cursors",
        "host/module_host",
        "        cursors.secret = bytes.fromhex(kept)\n",
        "",
        "tests/modules/test_listing.py::test_a_cursor_outlives_a_restart",
    ),
    in_runtime(
        "who is not let in stands nowhere",
        "gateway/door",
        "            self._refusals.note(Refusal(what, who, wanted, problem.detail, name))\n",
        "            pass\n",
        f"{_REFUSALS}test_who_is_not_let_in_stands_in_the_audit_of_the_gateway",
    ),
    in_runtime(
        "who asks for what is somebody else's stands nowhere: a query",
        "inbox/queries",
        "                self._refusals.note(refusal.refusal)\n",
        "                pass\n",
        f"{_REFUSALS}{_ELSES}",
    ),
    in_runtime(
        "who asks for what is somebody else's stands nowhere: a command",
        "inbox/executor",
        "            if isinstance(error, NotYours):\n",
        "            if False:\n",
        f"{_REFUSALS}{_ELSES}",
    ),
    in_runtime(
        "what was refused last is lost with the process",
        "host/steering/refusals",
        "                await self.write()\n",
        "                pass\n",
        f"{_REFUSALS}test_who_is_not_let_in_stands_in_the_audit_of_the_gateway",
    ),
    in_runtime(
        "a flood of refusals fills the audit",
        "access/refusal_counts",
        "            taken[refusal if self.row() else _one_of_many(refusal)] += times\n",
        "            taken[refusal] += times\n",
        f"{_REFUSALS}test_a_hundred_rows_are_written_and_then_two_a_minute_and_nobody_is_left_out",
    ),
    in_runtime(
        "a forgery does not stand in the audit",
        "inbox/recorder",
        '        if outcome.failure.reason == "forged":\n',
        "        if False:\n",
        f"{_RIGHTS}test_a_forged_principal_is_dead_at_once",
    ),
    in_runtime(
        "who comes through a proxy that says nothing is the developer",
        "gateway/door",
        " or exchange.version == _SPOKEN_BY_PROXIES:",
        ":",
        f"{_DOOR}test_a_proxy_that_says_nothing_of_itself_is_known_by_its_http",
    ),
    in_runtime(
        "a proxy that says how it was asked is a program on this machine",
        "gateway/door",
        ' or name.startswith(b"x-forwarded-") for',
        " for",
        f"{_DOOR}test_the_developer_is_a_program_on_this_machine",
    ),
    in_runtime(
        "a page of elsewhere reads where the processes are",
        "gateway/registry",
        "        if not is_from_here(HttpExchange(request.scope, request.receive, {})):\n",
        "        if request.client is None:\n",
        "tests/fleet/test_registry.py"
        "::test_the_registry_is_no_business_of_a_proxy_or_of_a_page_of_elsewhere",
    ),
    in_runtime(
        "a key is made without a word in the audit",
        "admin/keys",
        '        await note_act(sql, act_by(by, now, CREATE_KEY, f"key {key.id} of {key.name}", reason, 1))\n',
        "",
        f"{_REFUSALS}test_who_is_not_let_in_stands_in_the_audit_of_the_gateway",
    ),
    in_runtime(
        "whoever has no tenant is somebody of one",
        "access/principal",
        '        within = self.tenant or "/" in self.subject\n',
        "        within = self.tenant\n",
        f"{_TOKENS}test_nobody_without_a_tenant_owns_what_is_somebodys_of_one",
    ),
)
