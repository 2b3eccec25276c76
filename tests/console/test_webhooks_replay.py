"""Events of a time, posted to an endpoint again."""

import json

from tests.console.conftest import Console

WEBHOOK = "webhook_acme"
HOOK = """
[webhooks.acme]
subscribes = ["shelf.Sold.v1"]
"""


def test_the_command_shows_it_first_and_then_does_it(console: Console) -> None:
    config = console.root / "config/amphibus.toml"
    config.write_text(config.read_text() + HOOK)
    console.store("shelf").sent("e-1", type="shelf.Sold.v1")
    console.store(WEBHOOK).handled("e-1", source="shelf", type="shelf.Sold.v1")

    shown = console("webhooks", "replay", "acme", "--since", "1d", "--dry-run")
    assert shown.out == "1 event would be posted to acme: 1 that it has had, 0 new\n"
    done = console("webhooks", "replay", "acme", "--since", "1d", "--json")
    assert json.loads(done.out)["again"] == 1
    assert console("webhooks", "replay", "acmee", "--since", "1d").err.splitlines()[-1] == (
        "  fix  amphibus webhooks replay acme --since 1d"
    )
    wrong = console("webhooks", "replay", "acme", "--since", "1d", "--type", "shelf.Sell.v1")
    assert wrong.err.splitlines()[0] == "error  webhook acme does not subscribe to shelf.Sell.v1"
