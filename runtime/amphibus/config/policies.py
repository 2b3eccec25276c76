"""Policies of messages in the configuration: `[modules.<name>.policies."<type>"]` says anew what a front page says."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import PydanticCustomError

from amphibus.config.correction import correction
from amphibus.config.layers import SettingProblem
from amphibus.config.section import Positive, Seconds, Section
from amphibus.config.settings import BusSettings, Settings
from amphibus.config.webhooks import MODULE_PREFIX
from amphibus.nearest import did_you_mean
from amphibus.policy import OnDead, Policy, Retries
from amphibus.policy.in_force import PolicyInForce
from amphibus.policy.rate import parse_rate

POLICIES: Final = "policies"
"""The part of a module's table that is not its own."""
_SLACK_SECONDS: Final = 5.0
"""The step that posts to an endpoint ends by the endpoint's own timeout, and not by that of steps."""


def _rate(given: str) -> str:
    try:
        parse_rate(given)
    except ValueError as error:
        raise PydanticCustomError("rate", "{why}", {"why": str(error)}) from error
    return given


class RetriesSettings(Section):
    """The consequences of failures of one type."""

    attempts: Positive | None = None
    quick: Annotated[int, Field(ge=0, le=100)] | None = None
    first: Seconds | None = None
    factor: Annotated[float, Field(ge=1, le=100)] | None = None
    limit: Seconds | None = None
    jitter: Annotated[float, Field(ge=0, le=1)] | None = None


class PolicySettings(Section):
    """The handling of one type of message to a module."""

    retries: RetriesSettings = RetriesSettings()
    on_dead: OnDead | None = None
    timeout: Seconds | None = None
    outside_timeout: Seconds | None = None
    at_most: Annotated[int, Field(ge=1, le=10_000)] | None = None
    rate: Annotated[str, AfterValidator(_rate)] | None = None

    @property
    def policy(self) -> Policy:
        """Returns what it says."""
        given = self.model_dump(exclude={"retries"})
        return Policy(retries=Retries(**self.retries.model_dump()), **given)


def usual_policy(bus: BusSettings) -> PolicyInForce:
    """Returns the policy of messages of which nobody says anything."""
    return PolicyInForce(
        attempts=bus.max_attempts,
        quick=bus.quick_retries,
        first=bus.retry_first_seconds,
        factor=bus.retry_factor,
        limit=bus.retry_limit_seconds,
        jitter=bus.retry_jitter,
        timeout=bus.handler_timeout_seconds,
    )


def policy_of_webhook(settings: Settings, module: str) -> Policy:
    """Returns what the settings of a webhook say of the events to it; nothing if the module is none."""
    webhook = settings.webhooks.get(module.removeprefix(MODULE_PREFIX))
    if webhook is None or not module.startswith(MODULE_PREFIX):
        return Policy()
    return Policy(outside_timeout=webhook.timeout_seconds + _SLACK_SECONDS)


def own_settings(settings: Settings, module: str) -> dict[str, Any]:
    """Returns the part of a module's table that is its own: all but the policies of its messages."""
    given = settings.modules.get(module, {})
    return {name: value for name, value in given.items() if name != POLICIES}


def overrides(given: Mapping[str, Any], types: Iterable[str]) -> dict[str, Policy]:
    """Returns what a module's table says of some types.

    Raises:
        ValidationError: something of it is not allowed.
    """
    found, _ = _by_type(given, types)
    return {type_: PolicySettings.model_validate(said).policy for type_, said in found.items()}


def problems_of_overrides(
    module: str, given: Mapping[str, Any], types: Iterable[str], origin: Callable[[str], str]
) -> list[SettingProblem]:
    """Returns what is wrong with the policies in a module's table; `origin` says where a key's value was given."""
    table = f"modules.{module}.{POLICIES}"
    types = sorted(types)
    found, unknown = _by_type(given, types)
    problems = [
        SettingProblem(
            f"{origin(f'{table}.{key}')}: {module} receives no message that {table}.{key} could be about",
            f"it receives {', '.join(types) or 'none'}{did_you_mean(key.rpartition('.')[0], types)}",
            correction(origin(f"{table}.{key}")),
        )
        for key in unknown
    ]
    for type_, said in found.items():
        try:
            PolicySettings.model_validate(said)
        except ValidationError as error:
            wrong = error.errors(include_url=False, include_input=False)
            problems += [_problem(f"{table}.{type_}", each, origin) for each in wrong]
    return problems


def _problem(section: str, wrong: Any, origin: Callable[[str], str]) -> SettingProblem:
    key = ".".join(map(str, (section, *wrong["loc"])))
    where = origin(key)
    if wrong["type"] == "extra_forbidden":
        model = RetriesSettings if "retries" in wrong["loc"][:-1] else PolicySettings
        known = list(model.model_fields)
        why = f"known here: {', '.join(known)}{did_you_mean(str(wrong['loc'][-1]), known)}"
        return SettingProblem(f"{where}: unknown setting {key}", why, correction(where))
    reason = wrong["msg"]
    return SettingProblem(
        f"{where}: the value of {key} is not allowed",
        reason[0].lower() + reason[1:],
        correction(where),
    )


def _by_type(
    given: Mapping[str, Any], types: Iterable[str]
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Returns what is said of each type, and the keys that are about none. Variables have no capital letters."""
    known = {f"{each.casefold()}.": each for each in types}
    found: dict[str, dict[str, Any]] = {}
    unknown: list[str] = []
    for key, value in _flat(given.get(POLICIES) or {}, ""):
        start = next((each for each in known if key.casefold().startswith(each)), None)
        if start is None:
            unknown.append(key)
            continue
        into = found.setdefault(known[start], {})
        *tables, last = key[len(start) :].split(".")
        for table in tables:
            into = into.setdefault(table, {})
        into[last] = value
    return found, unknown


def _flat(given: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(given, Mapping):
        yield prefix.rstrip("."), given
        return
    for key, value in given.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
