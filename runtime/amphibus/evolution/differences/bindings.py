"""The differences between two forms of a contract beside its schemas: kind, key, route, refusals, personal data."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from amphibus.evolution.differences.changes import Change, shown
from amphibus.evolution.differences.rules import APPROVE as _APPROVE
from amphibus.evolution.differences.rules import Severity

Json = Mapping[str, Any]
_NOT_FOUND: Final = 404


def of_bindings(old: Json, new: Json) -> Iterator[Change]:
    """Yields the differences between two forms of one contract, its schemas aside."""
    if old["kind"] != new["kind"]:
        yield Change(
            "MSG04",
            (),
            f"it was of the kind {old['kind']} and is of the kind {new['kind']} now",
            document=old.get("example"),
            refusal=f"was sent as {_article(old['kind'])}, and its receivers now wait for {_article(new['kind'])}",
        )
    if (old["answer"] is None) != (new["answer"] is None):
        said = "has an answer now" if old["answer"] is None else "has no answer any more"
        yield Change(
            "MSG08", (), f"it {said}", document=old.get("example"), refusal=f"is asked, and {said}"
        )
    yield from _of_key(old, new)
    yield from _of_route(old["http"], new["http"], old.get("example"))
    yield from _of_following(old.get("follows", ()), new.get("follows", ()))
    yield from _of_refusals(old["refuses"], new["refuses"])
    yield from of_marks(old["personal"], new["personal"], old.get("example"))


def of_marks(old: Json, new: Json, example: Any = None) -> Iterator[Change]:
    """The marks of personal data that went, came or changed."""
    for path in sorted(old.keys() - new.keys()):
        yield Change(
            "MSG18",
            _path(path),
            f"{path} is no longer marked as personal data ({_said(old[path])})",
            severity="error",
            document=_only(example, path),
            refusal=f"{path} would be written into logs, traces and lists of dead letters",
        )
    for path in sorted(new.keys() - old.keys()):
        said = f"{path} is marked as personal data ({_said(new[path])}) now"
        yield Change("MSG18", _path(path), said, severity="warning", instead=_APPROVE)
    for path in sorted(old.keys() & new.keys()):
        yield from _of_once(path, old[path], new[path], example)
        if _said(old[path]) != _said(new[path]):
            only_told = (
                not old[path].get("purpose") and old[path]["category"] == new[path]["category"]
            )
            said = (
                f"the personal data of {path} was {_said(old[path])} and is {_said(new[path])} now"
            )
            grave: Severity = "info" if only_told else "warning"
            yield Change("MSG18", _path(path), said, severity=grave, instead=_APPROVE)


def _of_once(path: str, old: Json, new: Json, example: Any) -> Iterator[Change]:
    if old.get("once") and not new.get("once"):
        yield Change(
            "MSG18",
            _path(path),
            f"{path} is no longer said to be needed once",
            severity="error",
            document=_only(example, path),
            refusal=f"{path} would be kept with every message that is handled",
        )
    elif new.get("once") and not old.get("once"):
        said = f"{path} is said to be needed once now: of a message that is handled it is not kept"
        yield Change("MSG18", _path(path), said, severity="warning", instead=_APPROVE)


def _of_key(old: Json, new: Json) -> Iterator[Change]:
    before, after = old["key"], new["key"]
    if before == after:
        return
    example = old.get("example") or new.get("example") or {}
    was, now = (_value(example, each) for each in (before, after))
    yield Change(
        "MSG11",
        (),
        f"its key was {before or 'none'} and is {after or 'none'} now",
        document=example or {"key": after},
        refusal=f"waits for its turn behind {now}, and those sent before behind {was}: no order between them",
    )


def _value(example: Json, key: str | None) -> str:
    return "nothing" if key is None else f"{key}={example.get(key)}" if key in example else key


def _of_route(old: Json | None, new: Json | None, example: Any) -> Iterator[Change]:
    if old is None or new is None:
        if old is not None:
            yield _moved(old, "it has no route any more", example)
        elif new is not None:
            yield Change("MSG02", (), f"it has the route {_route(new)} now")
        return
    if _route(old) != _route(new):
        yield _moved(old, f"its route was {_route(old)} and is {_route(new)} now", example)
    if old["stored"] != new["stored"]:
        yield _of_promise(old, example)
    elif old["status"] != new["status"]:
        yield Change(
            "MSG06",
            (),
            f"it was answered with {old['status']} and is answered with {new['status']} now",
            document={"request": _route(old), "body": example, "status": new["status"]},
            refusal=f"is answered with {new['status']} where clients wait for {old['status']}",
        )
    if old["location"] != new["location"]:
        said = (
            f"its Location was {old['location'] or 'none'} and is {new['location'] or 'none'} now"
        )
        yield Change("MSG06", (), said, severity="warning")


def _of_following(old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    for each in sorted(set(old) - set(new)):
        said = f"who waits for its outcome is not told of {each} any more"
        yield Change("MSG06", (), said, severity="warning")


def _of_promise(old: Json, example: Any) -> Change:
    if old["stored"]:
        return Change(
            "MSG12",
            (),
            "it was stored while its owner is away, and is decided at once now",
            document={"request": _route(old), "body": example, "status": 503},
            refusal="is refused while its owner is away, where it was accepted and kept",
        )
    return Change(
        "MSG12",
        (),
        "it was decided at once and is stored now: its answer says less",
        severity="warning",
    )


def _moved(old: Json, what: str, example: Any) -> Change:
    return Change(
        "MSG06",
        (),
        what,
        document={"request": _route(old), "body": example, "status": _NOT_FOUND},
        refusal=f"{_route(old)} is answered with {_NOT_FOUND}",
    )


def _of_refusals(old: Mapping[str, int], new: Mapping[str, int]) -> Iterator[Change]:
    for code in sorted(old.keys() - new.keys()):
        yield Change(
            "MSG09",
            (),
            f"the refusal {shown(code)} is removed",
            severity="error",
            document={"status": old[code], "code": code},
            refusal="is no longer among the answers that are declared; where its handler still raises it,"
            " the caller gets a failure",
        )
    for code in sorted(old.keys() & new.keys()):
        if old[code] != new[code]:
            yield Change(
                "MSG09",
                (),
                f"the refusal {shown(code)} was answered with {old[code]} and is with {new[code]} now",
                severity="error",
                document={"status": new[code], "code": code},
                refusal=f"comes with {new[code]} where callers wait for {old[code]}",
            )
    for code in sorted(new.keys() - old.keys()):
        yield Change(
            "MSG09", (), f"the refusal {shown(code)} ({new[code]}) is added", severity="warning"
        )


def _route(http: Json) -> str:
    return f"{http['method']} {http['path']}"


def _path(path: str) -> tuple[str, ...]:
    return tuple(path.replace("[]", ".[]").split("."))


def _said(mark: Any) -> str:
    if not isinstance(mark, dict):
        return str(mark)
    return ", ".join(str(each) for name, each in mark.items() if name != "once")


def _only(example: Any, path: str) -> Any:
    """The part of an example that a path leads to, with nothing beside it."""
    name, _, rest = path.partition(".")
    if name.endswith("[]"):
        items = (example or {}).get(name[:-2]) if isinstance(example, dict) else None
        return {name[:-2]: [_only((items or [None])[0], rest) if rest else (items or ["…"])[0]]}
    inner = example.get(name) if isinstance(example, dict) else None
    if rest:
        return {name: _only(inner, rest)}
    return {name: "…" if inner is None else inner}


def _article(kind: str) -> str:
    return f"an {kind}" if kind == "event" else f"a {kind}"
