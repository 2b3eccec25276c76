"""The documentation as a site: every page has its place, every link leads somewhere, every public name is told."""

import re
from pathlib import Path

import pytest

from documentation.pages import SECTIONS, staged
from documentation.reference import undocumented
from documentation.site import build
from tests.architecture.tree import ROOT


def test_every_page_has_its_place_in_the_contents() -> None:
    pages = {path.removesuffix(".md") for path, _ in staged(ROOT)} - {"index"}
    listed = {each for section in SECTIONS.values() for each in section}

    assert {each for each in listed if not each.startswith("reference/")} == pages


def test_no_link_leads_to_a_file_that_is_not_there() -> None:
    lost = [
        f"{path}: {each}"
        for path, text in staged(ROOT)
        for each in re.findall(r"\(missing:[^)]+", text)
    ]

    assert lost == []


def test_every_public_name_is_documented() -> None:
    assert undocumented() == []


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.filterwarnings("ignore:.*Check CHANGES for Sphinx API")  # MyST is behind Sphinx
def test_the_site_is_built_without_a_warning_and_asks_nobody_outside(tmp_path: Path) -> None:
    assert build(ROOT, tmp_path) == []
    assert (tmp_path / "searchindex.js").is_file()
    assert "orders.PlaceOrder.v1" in (tmp_path / "reference/messages.html").read_text()
