"""Charts as SVG, drawn on the server and shown as images of their own addresses.

An image is a document of its own: no style or script of the page reaches it, and none of its own
is written into the page. Its colours are those of tokens.css, light and dark.
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import pygal
from django.http import HttpResponse

STYLE = """
:root { --ink: #51606b; --line: #dde3e6; --first: #0f5f59; --second: #b45f06; --third: #1c5494;
  --fourth: #7a3e9d; --fifth: #a1232b; --sixth: #4d5a64; }
@media (prefers-color-scheme: dark) { :root { --ink: #a3b1ba; --line: #2d3941; --first: #6fd3c7;
  --second: #f5c46b; --third: #9cc8ff; --fourth: #d3a8ee; --fifth: #ff9d9d; --sixth: #b4c0c8; } }
text { fill: var(--ink); stroke: none; font: 13px system-ui, "Noto Sans", sans-serif; }
.background, .text-overlay, .tooltip-overlay { display: none; }
.axis.x text { text-anchor: middle; }
.axis.y text { text-anchor: end; }
.axis .line { stroke: var(--line); fill: none; }
.axis.x .guides .line { display: none; }
.nofill { fill: none; }
.series .line { stroke-width: 2.5; stroke-linejoin: round; }
.series .line:not(.nofill) { fill-opacity: 0.15; }
.color-0 { stroke: var(--first); fill: var(--first); }
.color-1 { stroke: var(--second); fill: var(--second); }
.color-2 { stroke: var(--third); fill: var(--third); }
.color-3 { stroke: var(--fourth); fill: var(--fourth); }
.color-4 { stroke: var(--fifth); fill: var(--fifth); }
.color-5 { stroke: var(--sixth); fill: var(--sixth); }
.series .nofill { fill: none; }
"""
# Named by its digest, the style above is the only thing such a document may use.
DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{DIGEST}'; frame-ancestors 'none'"

WIDE, NARROW = (960, 300), (340, 260)  # pixels; text keeps its size, so a phone has its own


@dataclass(frozen=True)
class Series:
    """The values of one line, or of one part of each bar, under a name for the legend."""

    name: str
    values: Sequence[Decimal]
    is_area: bool = False  # filled down to zero


def _points(one: Series) -> list[float]:
    """The values of a series as floats: they only place points on a picture, and no amount is taken
    from them.
    """
    return [float(value) for value in one.values]


def _options(size: tuple[int, int], figure: Callable[[Decimal], str]) -> dict[str, Any]:
    """The options of pygal that both kinds of charts share; `figure` writes the numbers of the
    scale.
    """
    width, height = size
    return {
        "js": [],
        "no_prefix": True,
        "width": width,
        "height": height,
        "margin": 8,
        "legend_at_bottom": True,
        "show_minor_x_labels": False,
        "max_scale": 6,
        "truncate_label": -1,
        "truncate_legend": -1,
        "value_formatter": lambda value: figure(Decimal(value)),
    }


def lines(
    series: Sequence[Series],
    labels: Sequence[str],
    *,
    figure: Callable[[Decimal], str],
    size: tuple[int, int] = WIDE,
) -> bytes:
    """A line chart as SVG, with one line for each series over the same labels; its scale starts at
    0. `figure` writes the numbers of the scale.
    """
    chart = pygal.Line(
        **_options(size, figure),
        margin_right=32,  # half of the last label
        show_dots=False,
        legend_at_bottom_columns=len(series) if size == WIDE else min(len(series), 2),
        x_labels_major_count=min(len(labels), 7 if size == WIDE else 3),
        range=(0, max((point for one in series for point in _points(one)), default=0) or 1),
    )
    chart.x_labels = list(labels)
    for one in series:
        chart.add(one.name, _points(one), fill=one.is_area)
    return _plain(chart.render_tree())


def bars(
    series: Sequence[Series],
    labels: Sequence[str],
    *,
    figure: Callable[[Decimal], str],
    size: tuple[int, int] = WIDE,
) -> bytes:
    """A bar chart as SVG, with one bar for each label, on which the values of all series are
    stacked; values below 0 hang under the axis. `figure` writes the numbers of the scale.
    """
    chart = pygal.StackedBar(
        **_options(size, figure),
        legend_at_bottom_columns=len(series) if size == WIDE else 1,
        x_labels_major_count=len(labels) if size == WIDE else min(len(labels), 4),
    )
    chart.x_labels = list(labels)
    for one in series:
        chart.add(one.name, _points(one))
    return _plain(chart.render_tree())


def image(svg: bytes) -> HttpResponse:
    """A response with the chart, which only the reader's own browser may store, and has to
    revalidate each time.
    """
    response = HttpResponse(svg, content_type="image/svg+xml")
    response["Content-Security-Policy"] = POLICY
    response["Cache-Control"] = "private, no-cache"
    return response


def _plain(root: Element) -> bytes:
    """The drawing as SVG, with our style instead of pygal's, and without its scripts, comments,
    titles and descriptions.
    """
    for parent in list(root.iter()):
        parent.attrib.pop("style", None)
        for child in list(parent):
            if not isinstance(child.tag, str) or child.tag in {"script", "style", "desc", "title"}:
                parent.remove(child)
    root.attrib.pop("id", None)
    SubElement(root, "style").text = STYLE
    return tostring(root)
