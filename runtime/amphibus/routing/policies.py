"""The policies of the messages that a module receives: of the settings, its front page, and the configuration."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from amphibus.config.policies import overrides, policy_of_webhook, usual_policy
from amphibus.config.settings import Settings
from amphibus.contract import Message, kind_of
from amphibus.contract.rights import has_path
from amphibus.module import Module, On
from amphibus.nearest import did_you_mean
from amphibus.policy import Policy, Quota
from amphibus.policy.in_force import PolicyInForce
from amphibus.policy.problems import (
    problems_of_module_policy,
    problems_of_policy,
    problems_of_query_policy,
)
from amphibus.policy.quota import problems_of_quota


class Policies:
    """The policies of one module."""

    base: PolicyInForce
    """Of what has no route of its own: deadlines, and what cannot be read."""
    by_type: Mapping[str, PolicyInForce]

    def __init__(self, module: Module, settings: Settings) -> None:
        self._module = module
        self._settings = settings
        self.adjust()

    def adjust(self) -> None:
        """Takes in the settings as they are now."""
        module, settings = self._module, self._settings
        usual, query_seconds = usual_policy(settings.bus), settings.bus.query_timeout_seconds
        own = usual.under(module.policy).under(policy_of_webhook(settings, module.name))
        self.base = own
        types = [each.contract.contract_type for each in module.routes]
        said = overrides(settings.modules.get(module.name, {}), types)
        of_queries = replace(usual, timeout=query_seconds)
        self.by_type = {
            each.contract.contract_type: _in_force(
                of_queries if _is_query(each) else own, each, said
            )
            for each in module.routes
        }
        kept = [each.contract.contract_type for each in module.routes if not _is_query(each)]
        self._longest = max([self.base.timeout, *(self.by_type[each].timeout for each in kept)])

    def of(self, route: On | None) -> PolicyInForce:
        """Returns the policy of a route, or of what has none."""
        return self.base if route is None else self.by_type[route.contract.contract_type]

    @property
    def longest_call(self) -> float:
        """Returns the longest time that any outside step has, seconds."""
        return max((each.outside_timeout for each in self.by_type.values()), default=0.0)

    @property
    def longest_timeout(self) -> float:
        """Returns the longest time that any handler of the module has in its transaction, seconds."""
        return self._longest


def _in_force(usual: PolicyInForce, route: On, said: Mapping[str, Policy]) -> PolicyInForce:
    return usual.under(route.policy).under(said.get(route.contract.contract_type, Policy()))


def _is_query(route: On) -> bool:
    return kind_of(route.contract) == "query"


def problems_of_policies(module: Module) -> Iterator[str]:
    """Yields what is wrong with the policies on a front page."""
    where = f"module {module.name}"
    if not isinstance(module.policy, Policy):
        yield f"{where}: policy={module.policy!r} is no Policy(...): write policy=Policy(timeout=5)"
    else:
        yield from (f"{where}: policy: {each}" for each in problems_of_module_policy(module.policy))
    for row in module.routes:
        problems = _problems_of_route(row)
        yield from (f"{where}: on({row.contract.contract_type}): {each}" for each in problems)
        if row.quota is not None:
            wrong = _problems_of_quota(row.contract, row.quota)
            yield from (f"{where}: on({row.contract.contract_type}): {each}" for each in wrong)


def _problems_of_route(row: On) -> Iterator[str]:
    policy = row.policy
    if _is_query(row):
        policy_of_kept = replace(policy, timeout=None)
        yield from problems_of_query_policy(policy_of_kept)
        yield from problems_of_policy(Policy(timeout=policy.timeout))
        return
    yield from problems_of_policy(policy)
    if policy.outside_timeout is not None and row.outside is None:
        yield "outside_timeout without an outside step: take it away, or add outside=..."
    yield from _unknown_field(row.contract, policy.per)


def _unknown_field(contract: type[Message], per: Any) -> Iterator[str]:
    if isinstance(per, str) and per not in contract.model_fields:
        known = list(contract.model_fields)
        yield f"per={per!r} is no field of it; there are {', '.join(known)}{did_you_mean(per, known)}"


def _problems_of_quota(contract: type[Message], quota: Quota) -> Iterator[str]:
    yield from problems_of_quota(quota)
    if kind_of(contract) != "command" or contract.contract_http is None:
        yield "quota=... counts what comes over HTTP, and it is no command with a route: take it away"
    if isinstance(quota.per, str) and not has_path(contract.model_fields, quota.per):
        known = list(contract.model_fields)
        near = did_you_mean(quota.per, known)
        yield f"quota: per={quota.per!r} is no field of it; there are {', '.join(known)}{near}"
