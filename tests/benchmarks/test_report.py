"""What a run writes: tables between the marks, plots that are pictures, results that can be read back."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.benchmarks import report
from tests.benchmarks.figures import Claim, Comparison, Curve, Figure, from_json
from tests.benchmarks.groups import NAMES
from tests.benchmarks.plots import draw
from tests.benchmarks.report import Measured

ROOT = Path(__file__).parents[2]
MACHINE = {"Processor": "one, 2 cores", "RabbitMQ": "4.0.5"}
RATE = Figure(
    "hop",
    "hop-rate",
    "A hop",
    "messages/s",
    {"ours": [90.0, 100.0, 110.0], "theirs": [100.0, 100.0, 100.0]},
    [Comparison("ours", "theirs", 0.8), Comparison("ours", "theirs")],
)
LATENCY = Figure(
    "hop",
    "hop-latency",
    "The same as latency",
    "ms",
    {"ours": [2.0, 2.1], "theirs": [4.0, 4.2]},
    [Comparison("ours", "theirs", 1 / 3)],
    less_is_better=True,
    curves=[Curve("ours", [(10, 1.0), (20, 2.0)])],
    across="rate",
    up="how late",
    logarithmic=True,
    facts=["It broke at 20."],
    claim=Claim("slope", "+1.0 (+0.5..+1.5) µs", holds=False),
)
PAGE = """# Page
Prose before.
<!-- promises: written by amphibus bench -->
old promises
<!-- end of promises -->
Prose between.
<!-- hop: written by amphibus bench -->
<!-- end of hop -->
<!-- flow: written by amphibus bench -->
earlier flow
<!-- end of flow -->
Prose after.
"""


def measured(*figures: Figure, made: str = "2026-11-21") -> Measured:
    return Measured(figures, made, quick=False, machine=MACHINE)


def test_a_table_is_written_between_its_marks_and_prose_stays() -> None:
    page = report.render(PAGE, {"hop": measured(RATE)})

    assert "| ours | 100 | 90.0 to 110 |" in page
    assert "| ours : theirs | 1.00 (0.90..1.10) | 0.80 |" in page
    for prose in ("# Page\nProse before.\n", "\nProse between.\n", "Prose after.\n"):
        assert prose in page
    assert "old promises" not in page


def test_a_group_that_was_not_measured_stays_as_it_is() -> None:
    assert "earlier flow" in report.render(PAGE, {"hop": measured(RATE)})


def test_writing_twice_is_writing_once() -> None:
    once = report.render(PAGE, {"hop": measured(RATE, LATENCY)})

    assert report.render(once, {"hop": measured(RATE, LATENCY)}) == once


def test_a_promise_is_reached_or_not_whichever_way_is_better() -> None:
    page = report.render(PAGE, {"hop": measured(RATE, LATENCY)})

    assert "| A hop | ours : theirs | 1.00 (0.90..1.10) | at least 0.80 | yes |" in page
    assert "| The same as latency | ours : theirs | 0.50 | at most 0.33 | **no** |" in page


def test_a_promise_that_is_no_ratio_stands_beside_the_others() -> None:
    page = report.render(PAGE, {"hop": measured(LATENCY)})

    assert "| The same as latency | slope | +1.0 (+0.5..+1.5) µs | no growth | **no** |" in page


def test_another_machine_is_named_where_its_figures_stand() -> None:
    older = Measured([RATE], "2026-01-01", quick=False, machine=MACHINE | {"RabbitMQ": "3.10.8"})
    page = report.render(PAGE, {"hop": older, "flow": measured(RATE)})

    assert "Not with what stands above, but with: RabbitMQ 3.10.8." in page


def test_the_project_s_page_has_a_place_for_every_group() -> None:
    page = (ROOT / report.PAGE).read_text()

    for name in ("machine", "promises", *NAMES):
        assert f"<!-- {name}: written by amphibus bench -->" in page, name
        assert f"<!-- end of {name} -->" in page, name


@pytest.mark.parametrize("figure", [RATE, LATENCY])
def test_a_figure_is_read_back_as_it_was_written(figure: Figure) -> None:
    again = from_json(json.loads(json.dumps(figure.as_json())))

    assert again.as_json() == figure.as_json()


@pytest.mark.parametrize("figure", [RATE, LATENCY])
def test_a_plot_is_a_picture_that_fetches_nothing(figure: Figure, tmp_path: Path) -> None:
    drawn = ET.parse(draw(figure, tmp_path)).getroot()

    assert drawn.tag.endswith("svg")
    links = [
        value for each in drawn.iter() for name, value in each.attrib.items() if "href" in name
    ]
    assert links == []
    assert {each.tag for each in drawn.iter() if str(each.tag).endswith("script")} == set()


@pytest.mark.parametrize("figure", [RATE, LATENCY])
def test_a_plot_says_what_it_shows_and_looks_like_ours(figure: Figure, tmp_path: Path) -> None:
    """The library's style sheet has another licence: it is not kept."""
    drawn = draw(figure, tmp_path).read_text()

    assert f"<title>{figure.title}</title>" in drawn
    assert drawn.count("<style>") == 1
    assert "License" not in drawn
    assert f">{figure.up or figure.unit}</text>" in drawn


def test_the_spread_of_a_bar_is_in_the_plot(tmp_path: Path) -> None:
    """The longest is not cut off at the edge."""
    drawn = draw(RATE, tmp_path).read_text()

    width = float(re.findall(r'<rect [^>]*width="([\d.]+)"[^>]*class="background"', drawn)[1])
    ends = re.findall(r'<g class="ci">\s*<path d="M([\d.]+) ', drawn)
    assert ends
    assert max(map(float, ends)) <= width


def test_a_run_leaves_page_plots_and_results_and_adds_to_those_of_before(tmp_path: Path) -> None:
    (tmp_path / report.PAGE).write_text(PAGE)
    extra = tmp_path / "made"
    extra.mkdir()
    (extra / "flame.svg").write_text("<svg/>")

    report.write(tmp_path, {"hop": measured(RATE)}, extra)
    report.write(tmp_path, {"flow": measured(LATENCY)}, extra)

    folder = tmp_path / report.FOLDER
    assert {each.name for each in folder.iterdir()} == {
        *("hop-rate.svg", "hop-latency.svg", "flame.svg", "results.json")
    }
    assert set(report.read(folder / report.RESULTS)) == {"hop", "flow"}
    assert "It broke at 20." in (tmp_path / report.PAGE).read_text()


@given(st.floats(1e-3, 1e9))
def test_a_number_keeps_what_counts_of_it(value: float) -> None:
    shown = float(report.number(value).replace(",", ""))

    assert shown == pytest.approx(value, rel=0.06, abs=0.0006)
