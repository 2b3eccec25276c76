"""What a run leaves behind: lines for the terminal, results.json, plots, and the tables in BENCHMARKS.md.

BENCHMARKS.md is the template, too: its prose stays, and what stands between a pair of marks is written anew.
"""

import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.figures import Figure, from_json
from tests.benchmarks.plots import draw
from tests.benchmarks.spread import Spread

PAGE: Final = "BENCHMARKS.md"
FOLDER: Final = "docs/benchmarks"
RESULTS: Final = "results.json"
_MARKS: Final = re.compile(
    r"(<!-- (?P<name>[a-z-]+): written by amphibus bench -->\n).*?(<!-- end of (?P=name) -->)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Measured:
    """A group of figures, and what they were measured with."""

    figures: Sequence[Figure]
    made: str
    """The day, as YYYY-MM-DD."""
    quick: bool
    machine: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """For results.json."""
        return {
            "made": self.made,
            "quick": self.quick,
            "machine": dict(self.machine),
            "figures": [each.as_json() for each in self.figures],
        }


Results = Mapping[str, Measured]
"""By group."""


def as_json(results: Results) -> dict[str, Any]:
    """The whole of results.json."""
    return {name: each.as_json() for name, each in results.items()}


def read(file: Path) -> dict[str, Measured]:
    """The results of earlier runs; none if there is no such file."""
    if not file.exists():
        return {}
    return {
        name: Measured(
            [from_json(each) for each in found["figures"]],
            found["made"],
            found["quick"],
            found["machine"],
        )
        for name, found in json.loads(file.read_text()).items()
    }


def write(root: Path, results: Results, made: Path) -> None:
    """Writes the report of a project: groups that were not measured this time stay as they are.

    Args:
        root: of the project.
        results: of this run.
        made: a folder of files that this run made and the report shows.
    """
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    together = read(folder / RESULTS) | dict(results)
    for measured in results.values():
        for figure in measured.figures:
            draw(figure, folder)
    for file in made.glob("*.svg"):
        shutil.copy(file, folder / file.name)
    (folder / RESULTS).write_text(json.dumps(as_json(together), indent=1) + "\n")
    page = root / PAGE
    page.write_text(render(page.read_text(), together))


def render(page: str, results: Results) -> str:
    """The page with what stands between its marks written anew."""
    latest = max(results.values(), key=lambda each: each.made)
    parts = {"machine": list(machine_table(latest.machine)), "promises": list(promises(results))}
    for name, measured in results.items():
        parts[name] = list(group(measured, latest))

    def anew(found: "re.Match[str]") -> str:
        name = found["name"]
        if name not in parts:
            return found[0]
        return found[1] + "\n".join(parts[name]) + "\n" + found[3]

    return _MARKS.sub(anew, page)


def machine_table(machine: Mapping[str, str]) -> Iterator[str]:
    """What it was measured with."""
    yield from table_rows(("", ""), [(name, value) for name, value in machine.items()])


def promises(results: Results) -> Iterator[str]:
    """Everything that is promised, and whether it was reached."""
    rows = []
    for measured in results.values():
        for figure in measured.figures:
            if (claim := figure.claim) is not None:
                held = "yes" if claim.holds else "**no**"
                rows.append((figure.title, claim.says, claim.found, "no growth", held))
            for each in figure.comparisons:
                if each.promised is None:
                    continue
                limit = "at most" if figure.less_is_better else "at least"
                rows.append(
                    (
                        figure.title,
                        f"{each.ours} : {each.theirs}",
                        spread_text(figure.ratio(each)),
                        f"{limit} {number(each.promised)}",
                        "yes" if figure.reached(each) else "**no**",
                    )
                )
    yield from table_rows(("Figure", "Ours : theirs", "Found", "Promised", "Reached"), rows)


def group(measured: Measured, latest: Measured) -> Iterator[str]:
    """The tables and plots of a group."""
    how = "in a quick run: too short to rely on" if measured.quick else "in a whole run"
    yield f"Measured on {measured.made}, {how}."
    others = [
        f"{name} {value}"
        for name, value in measured.machine.items()
        if latest.machine.get(name) != value
    ]
    if others:
        yield f"Not with what stands above, but with: {'; '.join(others)}."
    for figure in measured.figures:
        yield from ("", f"### {figure.title}", "")
        if figure.note:
            yield from (figure.note, "")
        yield from table_rows(
            ("", figure.unit, "lowest to highest"),
            [
                (name, number((spread := Spread.of(values)).middle), _range(spread, values))
                for name, values in figure.values.items()
            ],
        )
        if figure.comparisons:
            yield ""
            yield from table_rows(
                ("Ours : theirs", "Ratio", "Promised"),
                [
                    (
                        f"{each.ours} : {each.theirs}",
                        spread_text(figure.ratio(each)),
                        "" if each.promised is None else number(each.promised),
                    )
                    for each in figure.comparisons
                ],
            )
        for fact in figure.facts:
            yield from ("", fact)
        yield from ("", f"![{figure.title}]({FOLDER}/{figure.name}.svg)")


def table_rows(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table in Markdown."""
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def lines(figure: Figure) -> Iterator[str]:
    """A figure for the terminal."""
    yield f"{figure.title} [{figure.unit}]"
    for name, values in figure.values.items():
        yield f"  {name}: {spread_text(Spread.of(values))}"
    for each in figure.comparisons:
        promised = ""
        if each.promised is not None:
            reached = "reached" if figure.reached(each) else "NOT REACHED"
            limit = "at most" if figure.less_is_better else "at least"
            promised = f", promised {limit} {number(each.promised)}: {reached}"
        yield f"  {each.ours} : {each.theirs} = {spread_text(figure.ratio(each))}{promised}"
    yield from (f"  {fact}" for fact in figure.facts)


def spread_text(spread: Spread) -> str:
    """The median, and the lowest and the highest where they differ from it."""
    if spread.low == spread.high:
        return number(spread.middle)
    return f"{number(spread.middle)} ({number(spread.low)}..{number(spread.high)})"


def number(value: float) -> str:
    """Three digits that count, and thousands apart."""
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 0.1 else f"{value:.3f}"


def _range(spread: Spread, values: Sequence[float]) -> str:
    if len(values) == 1:
        return ""
    return f"{number(spread.low)} to {number(spread.high)}"
