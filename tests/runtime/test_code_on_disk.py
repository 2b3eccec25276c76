"""A process reads its code for what it says of itself, whatever an editor has left beside it."""

from pathlib import Path

from amphibus.config.settings import load_settings
from amphibus.host.description import build_of
from amphibus.host.own_contracts import OwnContracts
from amphibus.module import Module
from amphibus.routing.project import Project
from tests.webhooks.parcels.v1 import Arrived


def test_a_link_to_nowhere_is_no_code(tmp_path: Path) -> None:
    for folder in ("contracts/parcels", "modules/parcels"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "v1.py").write_text("")
    before = build_of(tmp_path, ["parcels"])
    for folder in ("contracts/parcels", "modules/parcels"):
        (tmp_path / folder / ".#v1.py").symlink_to("ada@nowhere.4711")
    module = Module(name="parcels", publishes=(Arrived,))
    project = Project.declared(tmp_path, contracts=[Arrived], modules=[module])

    own = OwnContracts(
        project, project.topology(), ["parcels"], load_settings(tmp_path, environ={})
    )

    assert build_of(tmp_path, ["parcels"]) == before
    assert len(own.digest) == 32
