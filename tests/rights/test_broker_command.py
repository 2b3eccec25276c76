"""`amphibus broker` brings a broker to what the front pages say, and says what differs."""

import json
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from amphibus.cli.passwords import passwords, read_passwords
from amphibus.errors import ConfigError
from amphibus.transports.rabbitmq.rights.users import hash_of, is_hash_of
from tests.architecture.tree import ROOT
from tests.rights.conftest import PREFIX, Guarded
from tests.services.warm import warm_process


def test_what_was_applied_is_found_as_it_should_be(guarded: Guarded) -> None:
    outcome = guarded.broker("check")

    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert "as the front pages say" in outcome.stdout


@pytest.mark.full
def test_applying_again_changes_nothing(guarded: Guarded) -> None:
    """It can be part of every deployment."""
    before = guarded.node.ctl("export_definitions", "-")
    outcome = guarded.broker("apply")

    assert outcome.returncode == 0
    assert outcome.stdout.splitlines()[0].startswith("ok")
    assert guarded.node.ctl("export_definitions", "-") == before


@pytest.mark.full
def test_every_difference_is_named_and_put_right(guarded: Guarded) -> None:
    """Somebody was at the broker with an administrator's hands."""
    orders, payments, all_ = f"{PREFIX}orders", f"{PREFIX}payments", ".*"
    anything = {"configure": all_, "write": all_, "read": all_}
    meddled = {
        "vhosts": [{"name": "/"}, {"name": "elsewhere"}],
        "users": [
            _user(orders, guarded.password("orders"), "administrator"),
            _user(payments, "guessed"),
            _user(f"{PREFIX}former", "secret"),
        ],
        "permissions": [{"user": orders, "vhost": each, **anything} for each in ("/", "elsewhere")],
        "topic_permissions": [
            {"user": orders, "vhost": "/", "exchange": "amq.topic", "write": all_, "read": all_}
        ],
    }
    guarded.load(meddled)
    guarded.node.ctl(
        "eval",
        f'rabbit_auth_backend_internal:delete_user(<<"{PREFIX}reporting">>, <<"test">>), '
        f'rabbit_auth_backend_internal:clear_topic_permissions(<<"{payments}">>, <<"/">>, '
        f'<<"{payments}.events">>, <<"test">>).',
    )
    expected = {
        f"user {PREFIX}reporting: missing",
        f"user {payments}: has another password",
        f"user {orders}: is administrator, should be nothing of that kind",
        f"user {PREFIX}former: too much",
        f"permissions of {PREFIX}reporting in /: missing",
        f"permissions of {orders} in elsewhere: too much",
        f"topic permissions of {payments} on {payments}.events: missing",
        f"topic permissions of {orders} on amq.topic: too much",
    }

    shown = guarded.broker("check", "--json")
    found = set(json.loads(shown.stdout))
    assert shown.returncode == 3
    assert expected <= found
    assert any(each.startswith(f"permissions of {orders} in /: is configure .*") for each in found)

    tried = guarded.broker("apply", "--dry-run")
    assert expected <= set(tried.stdout.splitlines())
    assert "delete_user shop.dev.former" in tried.stdout

    outcome = guarded.broker("apply")
    assert outcome.returncode == 0, outcome.stderr
    assert "Left" not in outcome.stdout
    assert guarded.broker("check").returncode == 0


@pytest.mark.full
def test_what_may_hold_messages_is_left_to_people(guarded: Guarded) -> None:
    """A queue of a module that is gone may be full of what nobody has handled."""
    queue = f"{PREFIX}former.v1.p0"
    guarded.node.ctl(
        "eval",
        "rabbit_amqqueue:declare(rabbit_misc:r(<<"
        f'"/">>, queue, <<"{queue}">>), true, false, [], none, <<"test">>).',
    )
    outcome = guarded.broker("apply")
    still = json.loads(guarded.broker("check", "--json").stdout)
    guarded.node.ctl("delete_queue", queue)

    assert "remove it by hand" in outcome.stdout
    assert f"queue {queue}: too much" in outcome.stdout
    assert still == [f"queue {queue}: too much"]


def test_definitions_hold_everything_and_no_password(guarded: Guarded) -> None:
    """They are handed to whoever runs the broker."""
    said = guarded.broker("definitions").stdout
    found = json.loads(said)

    assert {each["name"] for each in found["users"]} == set(read_passwords(guarded.passwords))
    assert not any(each in said for each in read_passwords(guarded.passwords).values())
    assert {each["name"] for each in found["queues"]} >= {
        f"{PREFIX}orders.v1.p7",
        f"{PREFIX}storefront.v1",
    }
    assert "guest" not in said


def test_passwords_are_made_once_and_are_their_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "users.json"
    first = passwords(path, ["one", "two"])
    second = passwords(path, ["two", "three"])

    assert second["two"] == first["two"]
    assert set(read_passwords(path)) == {"one", "two", "three"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert all(len(each) >= 43 for each in read_passwords(path).values())
    assert is_hash_of(hash_of(first["one"]), first["one"])
    assert not is_hash_of(hash_of(first["one"]), first["two"])
    assert not is_hash_of("not base64!", "x")


@pytest.mark.parametrize("text", ["", "[]", '{"one": 1}', "{"])
def test_a_file_of_users_that_is_none_is_refused_and_kept(text: str, tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    path.touch(mode=0o600)
    path.write_text(text)

    with pytest.raises(ConfigError):
        passwords(path, ["one"])
    assert path.read_text() == text


def test_passwords_that_others_may_read_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    path.write_text("{}")
    path.chmod(0o644)

    with pytest.raises(ConfigError, match="others may read it"):
        read_passwords(path)


def test_a_url_for_each_user_is_written_for_its_process_alone(tmp_path: Path) -> None:
    """`AMPHIBUS_AMQP_URL_FILE` names one of them."""
    urls = tmp_path / "urls"
    outcome = _broker(
        ROOT,
        "definitions",
        "--users",
        tmp_path / "users.json",
        "--urls",
        urls,
        "--at",
        "rabbit:5671",
    )
    known = read_passwords(tmp_path / "users.json")

    assert outcome.returncode == 0, outcome.stderr
    assert (urls / "orders" / "amqp-url").read_text().strip() == (
        f"amqp://{PREFIX}orders:{known[PREFIX + 'orders']}@rabbit:5671/%2F"
    )
    assert {stat.S_IMODE(each.stat().st_mode) for each in urls.glob("*/*")} == {0o600}


def test_a_program_outside_that_cannot_be_is_refused_with_all_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    for folder in ("contracts", "modules"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    (tmp_path / "config" / "amphibus.toml").write_text(
        '[producers.orders]\nsends = ["orders.GetOrder.v1"]\n[producers.loader]\nsubscribes = ["orders.Gone.v1"]\n'
    )
    outcome = _broker(tmp_path, "definitions")

    assert outcome.returncode == 2
    assert "[producers.orders]: a module has that name already" in outcome.stderr
    assert (
        "[producers.orders] sends orders.GetOrder.v1; there are catalog.PublishPrices.v1"
        in outcome.stderr
    )
    assert (
        "[producers.loader] subscribes orders.Gone.v1; there are catalog.PriceSet.v1"
        in outcome.stderr
    )


def test_without_rabbitmqctl_it_says_how_to_do_without() -> None:
    outcome = _broker(ROOT, "check", "--rabbitmqctl", "no-such-rabbitmqctl")

    assert outcome.returncode == 4
    assert "amphibus broker definitions" in outcome.stderr


def test_a_broker_that_is_not_there_is_named(guarded: Guarded) -> None:
    ctl = f"{guarded.node._scripts / 'rabbitmqctl'} -n nobody@localhost"
    outcome = _broker(ROOT, "check", "--rabbitmqctl", ctl)

    assert outcome.returncode == 4
    assert "export_definitions failed" in outcome.stderr


def _user(name: str, password: str, tag: str = "") -> dict[str, object]:
    return {
        "name": name,
        "password_hash": hash_of(password),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": [tag] if tag else [],
    }


def _broker(root: Path, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return warm_process().run(("broker", *map(str, arguments)), cwd=root, environ=os.environ)
