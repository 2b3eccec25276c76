"""An event as it is posted: CloudEvents 1.0 over HTTP, structured or binary. Who acted inside is not told outside."""

import json
from typing import Final, Literal
from urllib.parse import quote

from amphibus.clock import as_datetime
from amphibus.messages.envelope import Envelope

Mode = Literal["structured", "binary"]
_UNQUOTED: Final = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')


def posted(envelope: Envelope, mode: Mode) -> tuple[dict[str, str], bytes]:
    """Returns the headers and the body that carry an event."""
    attributes = {
        "specversion": "1.0",
        "id": envelope.id,
        "source": f"/{envelope.source}",
        "type": envelope.type,
        "time": as_datetime(envelope.time).isoformat().replace("+00:00", "Z"),
    }
    if envelope.key:
        attributes["subject"] = envelope.key
    if mode == "binary":
        headers = {f"ce-{name}": quote(text, _UNQUOTED) for name, text in attributes.items()}
        return {"content-type": "application/json", **headers}, envelope.body
    said = json.dumps({**attributes, "datacontenttype": "application/json"}, ensure_ascii=False)
    body = f'{said[:-1]}, "data": '.encode() + envelope.body + b"}"
    return {"content-type": "application/cloudevents+json; charset=utf-8"}, body
