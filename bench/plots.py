"""Draws what grows with the charges of a merchant, and how far each figure is from its target."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pygal
from pygal.style import Style

from bench.figures import Figure
from bench.running import Found

WIDTH, HEIGHT = 720, 380
STYLE = Style(
    background="#ffffff",
    plot_background="#ffffff",
    foreground="#333333",
    foreground_strong="#111111",
    foreground_subtle="#777777",
    colors=("#1f5fbf", "#d97706", "#2e7d32"),
    font_family="sans-serif",
)
TITLES = {
    "posting": "Posting 100 more charges, by the charges of the month so far",
    "closing": "Closing the month of a merchant, by its charges",
    "billing": "Writing a bill, by the charges that are on it",
    "export": "Downloading a month as CSV, by its rows",
    "overview": "The start page, by the charges of the month",
    "targets": "Figures by their targets (1: just reached; further right is better)",
}


def draw(folder: Path, found: Sequence[Found]) -> list[str]:
    """Draw the plots of these parts into the folder, and return their names. A plot that has
    nothing to show is not drawn.
    """
    folder.mkdir(parents=True, exist_ok=True)
    curves: dict[str, list[Figure]] = defaultdict(list)
    figures = [figure for part in found for figure in part.figures]
    for figure in figures:
        if figure.curve:
            curves[figure.curve].append(figure)
    drawn = []
    for name, points in curves.items():
        _save(_curve(name, points), folder, name)
        drawn.append(name)
    aimed = [figure for figure in figures if figure.is_reached is not None]
    if aimed:
        _save(_targets(aimed), folder, "targets")
        drawn.append("targets")
    return drawn


def _curve(name: str, points: Sequence[Figure]) -> Any:
    """The chart of one growth curve: milliseconds by charges, both on a logarithmic scale."""
    chart = pygal.XY(**_options(name, HEIGHT), logarithmic=True, xrange=None)
    ordered = sorted(points, key=lambda point: point.charges)
    chart.x_title, chart.y_title = "charges", "milliseconds"
    chart.x_labels = [point.charges for point in ordered]
    chart.x_value_formatter = lambda value: f"{value:,.0f}"
    chart.add("so many charges", [(point.charges, point.milliseconds) for point in ordered])
    chart.add(ordered[0].floor.partition(":")[0], [(p.charges, p.beside) for p in ordered])
    return chart


def _targets(aimed: Sequence[Figure]) -> Any:
    """The chart of all figures that have a target: how many times what is demanded each is."""
    chart = pygal.HorizontalBar(**_options("targets", 80 + 22 * len(aimed)), show_legend=False)
    chart.x_labels = [figure.what for figure in reversed(aimed)]
    chart.add("", [min(_distance(figure), 5.0) for figure in reversed(aimed)])
    return chart


def _distance(figure: Figure) -> float:
    """How many times what is demanded the figure is: 1 is just reached, more is better."""
    sign, bound = figure.target.split()
    wanted = float(bound.replace(",", ""))
    if sign == "≥":
        return figure.figure / wanted
    return wanted / figure.figure if figure.figure else 5.0


def _options(name: str, height: int) -> dict[str, Any]:
    """What all charts have in common."""
    return {
        "js": [],
        "style": STYLE,
        "width": WIDTH,
        "height": height,
        "title": TITLES[name],
        "legend_at_bottom": True,
        "truncate_label": -1,
        "truncate_legend": -1,
        "explicit_size": True,
        "disable_xml_declaration": True,
    }


def _save(chart: Any, folder: Path, name: str) -> None:
    """Write the chart as SVG, the same for the same figures."""
    chart.uuid = name  # else one by chance
    (folder / f"{name}.svg").write_text(chart.render() + "\n", encoding="utf-8")
