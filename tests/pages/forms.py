"""A form as a browser sends it: with what is chosen, ticked and typed."""

from html.parser import HTMLParser

from tests.pages.browser import Browser, Form, Page


class Filled(HTMLParser):
    """The form of a page that is sent to an address with a certain end."""

    def __init__(self, page: Page, end: str) -> None:
        super().__init__()
        self.form = Form("post", "")
        self.buttons: list[tuple[str, str]] = []
        self._end = end
        self._inside = False
        self._select = self._option = self._text = ""
        self.feed(page.response.text)
        assert self.form.action, f"no form to {end}: {page.text}"

    @property
    def fields(self) -> dict[str, str]:
        return self.form.fields

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and given["action"].endswith(self._end):
            self._inside, self.form.action = True, given["action"]
        if not self._inside:
            return
        if tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            self.fields[given["name"]] = given.get("value", "")
        elif tag == "button":
            self.buttons.append((given["name"], given["value"]))
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and (self._select not in self.fields or "selected" in given):
            self.fields[self._select] = given["value"]
        elif tag == "textarea":
            self._text = given["name"]
            self.fields[self._text] = ""

    def handle_data(self, data: str) -> None:
        if self._text:
            self.fields[self._text] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._text:
            self.fields[self._text] = self.fields[self._text].removeprefix("\n")
            self._text = ""
        elif tag == "form":
            self._inside = False


def press(browser: Browser, page: Page, end: str, button: str, value: str, **typed: str) -> Page:
    form = Filled(page, end)
    assert (button, value) in form.buttons, form.buttons
    return browser.send(form.form, **{**typed, button: value})


def invalid(page: Page) -> list[str]:
    return [given["name"] for _, given in page.tags if "aria-invalid" in given]
