"""`amphibus upgrade` as it is typed: what it asks is shown, then done; a kill leaves nothing half done."""

import signal
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Final

import pytest

from amphibus.cli.upgrade.journal import JOURNAL
from amphibus.failpoints import UPGRADE_FAILPOINTS
from tests.adding.project import Workplace
from tests.architecture.tree import ROOT
from tests.console.kiosk import write_kiosk
from tests.upgrades.old_stores import in_files
from tests.upgrades.test_project import SETTINGS, TEST, WORKFLOW

OLD_SHOP: Final = Path(__file__).with_name("projects") / "shop.tar.gz"


@pytest.mark.full
def test_a_project_is_shown_what_it_has_to_change_and_then_changed(tmp_path: Path) -> None:
    kiosk = _old_kiosk(tmp_path)
    before = kiosk.files()

    shown = kiosk.amphibus("upgrade")
    assert shown.code == 3
    assert "rename   config/amphibus.toml:4  bus.gather_seconds" in shown.out
    assert "rewrite  contracts/shelf/v1.lock.json" in shown.out
    assert "nothing was changed; to do it: amphibus upgrade --yes" in shown.out
    assert kiosk.files() == before

    assert kiosk.amphibus("upgrade", "--yes").code == 0
    assert kiosk.amphibus("check").code == 0
    again = kiosk.amphibus("upgrade", "--dry-run")
    assert (again.code, again.out[:2]) == (0, "ok")


@pytest.mark.full
@pytest.mark.parametrize("point", UPGRADE_FAILPOINTS)
def test_a_kill_leaves_a_project_that_the_next_upgrade_makes_whole(
    tmp_path: Path, point: str
) -> None:
    kiosk = _old_kiosk(tmp_path)
    before = kiosk.files()
    ended = subprocess.run(
        [sys.executable, "-m", "amphibus.cli", "upgrade", "--yes"],
        cwd=tmp_path,
        env={"AMPHIBUS_FAILPOINT": point, "PYTHONPATH": str(ROOT / "runtime")},
        check=False,
    )

    assert ended.returncode == -signal.SIGKILL
    if point == "upgrade.before":
        assert {name: kiosk.files()[name] for name in before} == before
    assert kiosk.amphibus("upgrade", "--yes").code == 0
    assert kiosk.amphibus("check").code == 0
    assert not [each for each in tmp_path.iterdir() if each.name.startswith(JOURNAL)]


@pytest.mark.full
def test_the_shop_of_an_older_version_is_told_all_that_is_asked_of_it(tmp_path: Path) -> None:
    with tarfile.open(OLD_SHOP) as packed:
        packed.extractall(tmp_path, filter="data")
    in_files("sqlite-monolith", tmp_path / "var")
    shop = Workplace(tmp_path)

    ended = shop.amphibus("upgrade", "--yes")
    assert ended.code == 3
    assert "config/amphibus.toml:19  producers.storefront.hears" in ended.out
    assert "tests/modules/shop.py:124  parked -> delayed" in ended.out
    assert "by hand  contracts/orders/v1.py:" in ended.out
    assert "declares no right, so nobody gets in" in ended.out
    assert "upgrade  database orders         tables of Amphibus 1 -> " in ended.out
    assert "done  2 files\n" in ended.out, "with work left, the databases keep their way back"
    assert " 1 -> " in shop.amphibus("db", "upgrade", "--dry-run").out
    assert 'subscribes = ["orders.OrderConfirmed.v1"' in shop.read("config/amphibus.toml")


@pytest.mark.full
def test_databases_follow_where_nothing_is_left_to_do_by_hand(tmp_path: Path) -> None:
    shop = Workplace.of_shop(tmp_path)
    in_files("sqlite-monolith", tmp_path / "var")

    ended = shop.amphibus("upgrade", "--yes")
    assert ended.code == 0, ended.out
    assert "upgrade  database orders         tables of Amphibus 1 -> " in ended.out
    assert "done  0 files and the databases\n" in ended.out
    again = shop.amphibus("upgrade")
    assert (again.code, again.out[:2]) == (0, "ok")


def _old_kiosk(root: Path) -> Workplace:
    write_kiosk(root)
    (root / "config/amphibus.toml").write_text(SETTINGS)
    (root / "tests").mkdir()
    (root / "tests/test_shelf.py").write_bytes(TEST)
    (root / "ci.yml").write_text(WORKFLOW)
    return Workplace(root)
