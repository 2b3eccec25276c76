"""Figures drawn as SVG: bars with their spread, or curves."""

import sys
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from tests.benchmarks.figures import Figure
from tests.benchmarks.spread import Spread

_OURS: Final = "#2b6cb0"
_THEIRS: Final = "#a0aec0"
_LINES: Final = ("#2b6cb0", "#a0aec0", "#2f855a", "#975a16", "#6b46c1")
_BAR_HEIGHT: Final = 34
_LOOK: Final = """
svg { background: #ffffff; font: 13px sans-serif; }
text { fill: #1a202c; stroke: none; }
.background { fill: #ffffff; }
.axis path { fill: none; stroke: #cbd5e0; stroke-dasharray: 3 3; }
.axis path.axis, .axis path[class="line"] { stroke: #4a5568; stroke-dasharray: none; }
.bar rect, .legend rect { fill-opacity: 0.7; }
.axis text, .text-overlay text { font-size: 12px; }
.axis.x text, .title, .centered { text-anchor: middle; }
.axis.y text { text-anchor: end; }
.ci { stroke: #1a202c; }
.nofill { fill: none; }
.series .line { stroke-width: 2; }
"""
_SETTINGS: Final[dict[str, Any]] = {
    "js": [],  # a picture; nothing is fetched
    "no_prefix": True,
    "width": 900,
    "print_values": True,
    "truncate_label": -1,
    "truncate_legend": -1,
    "pretty_print": True,
}


def draw(figure: Figure, folder: Path) -> Path:
    """Writes the plot of a figure; returns its file."""
    file = folder / f"{figure.name}.svg"
    chart = _curves(figure) if figure.curves else _bars(figure)
    chart.add_xml_filter(partial(_plain, figure.title))
    file.write_bytes(chart.render())
    return file


def _plain(title: str, picture: Any) -> Any:
    """A picture with a look of our own: the library's style sheet and program are not ours to keep."""
    picture.find("title").text = title
    definitions = picture.find("defs")
    for program in definitions.findall("script"):
        definitions.remove(program)
    colours = (f".color-{n} {{ stroke: {one}; fill: {one}; }}" for n, one in enumerate(_LINES))
    sheet = definitions.find("style")
    sheet.attrib.clear()
    sheet.text = _LOOK + "\n".join(colours) + "\n"
    return picture


def _pygal() -> ModuleType:
    """The library, without the finder that it leaves among Python's own, of a kind that Python gave up."""
    import pygal.style

    sys.meta_path[:] = [
        each for each in sys.meta_path if type(each).__name__ != "PluginImportFixer"
    ]
    found: ModuleType = pygal
    return found


def _sizes() -> Any:
    """What the library makes room for; how it looks is ours."""
    return _pygal().style.Style(label_font_size=13, value_font_size=12, legend_font_size=13)


def _bars(figure: Figure) -> Any:
    ours = {each.ours for each in figure.comparisons}
    most = max(max(values) for values in figure.values.values())
    chart = _pygal().HorizontalBar(
        **_SETTINGS,
        style=_sizes(),
        show_legend=False,
        height=110 + _BAR_HEIGHT * len(figure.values),
        x_title=figure.unit,
        logarithmic=figure.logarithmic,
        range=None if figure.logarithmic else (0, most),
        value_formatter=lambda value: f"{value:,.3g}" if value < 1000 else f"{value:,.0f}",
    )
    names = list(figure.values)[::-1]
    chart.x_labels = names
    bars = []
    for name in names:
        spread = Spread.of(figure.values[name])
        colour = _OURS if name in ours or not ours else _THEIRS
        bar: dict[str, Any] = {"value": spread.middle, "color": colour}
        if spread.high > spread.low:
            bar["ci"] = {"low": spread.low, "high": spread.high}
        bars.append(bar)
    chart.add(figure.unit, bars)
    return chart


def _curves(figure: Figure) -> Any:
    chart = _pygal().XY(
        **(_SETTINGS | {"print_values": False}),
        style=_sizes(),
        height=420,
        x_title=figure.across,
        y_title=figure.up or figure.unit,
        logarithmic=figure.logarithmic,
        legend_at_bottom=True,
        include_x_axis=not figure.logarithmic,
    )
    for curve in figure.curves:
        chart.add(curve.name, list(curve.points))
    return chart
