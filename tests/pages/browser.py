"""A browser without scripts: keeps cookies, reads pages, fills in forms as people do."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

_VOID = {"input", "meta", "link", "br", "hr", "img"}
_ADDRESSES = {"href", "src", "action", "formaction", "xlink:href", "poster", "data", "style"}


@dataclass
class Form:
    method: str
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class Page(HTMLParser):
    """What a browser would make of a text."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__()
        self.response = response
        self.status = response.status_code
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.texts: list[str] = []
        self.scripts = ""
        self._open: list[str] = []
        self.feed(response.text)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    @property
    def addresses(self) -> list[str]:
        return [
            each for _, given in self.tags for name, each in given.items() if name in _ADDRESSES
        ]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append((tag, given))
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "a":
            self.links.append(given.get("href", ""))
        if tag == "form":
            self.forms.append(Form(given.get("method", "get"), given["action"]))
        if tag == "input" and self.forms:
            self.forms[-1].fields[given["name"]] = given.get("value", "")
        if tag == "button" and self.forms and "name" in given:
            self.forms[-1].buttons.append((given["name"], given["value"]))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "script":
            self.scripts += data
        self.texts.append(data)


class Browser:
    """One window."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = httpx.Client(
            base_url=url, follow_redirects=True, timeout=100, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def see(self, path: str, **headers: str) -> Page:
        return Page(self.client.get(path, headers=headers))

    def send(self, form: Form, /, *, origin: str | None = None, **fields: str) -> Page:
        headers = {"Origin": self.url if origin is None else origin}
        sent: Any = form.fields | fields
        return Page(self.client.post(form.action, data=sent, headers=headers))


def form_to(page: Page, end: str) -> Form:
    """The form whose address ends so."""
    return next(each for each in page.forms if urlsplit(each.action).path.endswith(end))
