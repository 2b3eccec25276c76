"""The way from what is posted to a command: which events are taken, and which field holds what."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from amphibus.config.webhooks import IncomingSettings
from amphibus.contract import Message, kind_of
from amphibus.nearest import did_you_mean

ROUTE: Final = "/v1/webhooks/"
"""The beginning of the routes of incoming webhooks; the rest is their name."""
_ID: Final = "webhook-id"
_ABSENT: Final = object()


class FieldMap:
    """The fields that one incoming webhook fills. Made once."""

    def __init__(self, settings: IncomingSettings, contract: type[Message]) -> None:
        self._types = frozenset(settings.types)
        self._type_at = settings.type_at
        self._data_at = settings.data_at
        self._given = dict(_pairs(settings))
        self._names = _names_of(contract)

    def takes(self, posted: Mapping[str, Any]) -> bool:
        """Returns whether an event is one of those that are taken."""
        type_ = _at(posted, self._type_at)
        return not self._types or (isinstance(type_, str) and type_ in self._types)

    def content(self, posted: Mapping[str, Any], delivery_id: str) -> dict[str, Any]:
        """Returns the fields of the command, as they were posted; a field that is not there is left out."""
        if self._given:
            found = {
                name: delivery_id if place == _ID else _at(posted, place)
                for name, place in self._given.items()
            }
        else:
            data = _at(posted, self._data_at) if self._data_at else posted
            held = data if isinstance(data, Mapping) else {}
            found = {name: held.get(name, _ABSENT) for name in self._names}
        return {name: value for name, value in found.items() if value is not _ABSENT}


def problems_of_incoming(
    incoming: Mapping[str, IncomingSettings], contracts: Mapping[str, type[Message]]
) -> Iterator[str]:
    """Yields what is wrong with the incoming webhooks of a project, each with what to write instead."""
    for name, settings in incoming.items():
        where = f"[incoming_webhooks.{name}]"
        yield from (f"{where} {each}" for each in _problems(settings, contracts))
    for type_, contract in contracts.items():
        http = contract.contract_http
        if incoming and http is not None and http.path.startswith(ROUTE):
            yield f"{type_} has the route {http.path}, and {ROUTE} is for incoming webhooks: change it"


def _problems(settings: IncomingSettings, contracts: Mapping[str, type[Message]]) -> Iterator[str]:
    contract = contracts.get(settings.command)
    commands = [type_ for type_, each in contracts.items() if kind_of(each) == "command"]
    if contract is None or kind_of(contract) != "command":
        near = did_you_mean(settings.command, commands)
        yield f"command = {settings.command!r} is no command in contracts/{near}"
        return
    http = contract.contract_http
    if http is None or not http.stored:
        yield (
            f"command = {settings.command!r} is not stored by the gateway, so a post could be lost:"
            " declare http=Post(..., stored=True) in its contract"
        )
    names = _names_of(contract)
    for name, _ in _pairs(settings):
        if name not in names:
            yield f"fields: {settings.command} has no field {name!r}{did_you_mean(name, names)}"


def _pairs(settings: IncomingSettings) -> Iterator[tuple[str, str]]:
    """Each field of the command with the place of its value in what is posted."""
    for each in settings.fields:
        name, _, place = each.partition("=")
        yield name.strip(), place.strip()


def _names_of(contract: type[Message]) -> list[str]:
    return [info.alias or name for name, info in contract.model_fields.items()]


def _at(posted: Any, place: str) -> Any:
    for part in place.split("."):
        if not isinstance(posted, Mapping) or part not in posted:
            return _ABSENT
        posted = posted[part]
    return posted
