"""Charts as SVG, drawn on the server.

An image of its own address is a document of its own: no style or script of the page reaches it,
and none of its own is written into the page. Its colours are those of tokens.css, light and dark.
Drawn into a page (`inline`), a chart has the page's style (app.css), and each point says its figure
under the pointer. A bar may open the page of its rows (static/js/charts.js), as the figures below
do. Both scales have even steps from 0.
"""

import base64
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor
from typing import Any
from xml.etree.ElementTree import Element, SubElement, fromstring, register_namespace, tostring

import pygal
from django.http import HttpResponse
from django.utils.safestring import SafeString, mark_safe
from pygal.etree import etree

from lib import formats

# pygal would draw by lxml wherever that happens to be installed, in elements that are none of ours.
etree.to_etree()

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
.series .area { stroke: none; }
.dot { fill-opacity: 0; stroke: none; }
.dot:hover, .bar:hover rect { fill-opacity: 0.6; }
"""
# Named by its digest, the style above is the only thing such a document may use.
DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{DIGEST}'; frame-ancestors 'none'"

# In pixels; text keeps its size, so a phone has its own. A small one is for all, within a card.
WIDE, NARROW, SMALL = (960, 300), (340, 260), (420, 190)
SVG = "http://www.w3.org/2000/svg"
LINE = "line reactive"  # pygal's class of a filled line; others are "nofill", too
OPENS = "data-opens"  # the attribute of a bar with the address that it opens

STEPS = tuple(map(Decimal, ("1", "2", "2.5", "5", "10")))  # times a power of ten
MOST_STEPS = 5  # of a scale of amounts, on either side of 0
MOST_LABELS = {WIDE: 7, NARROW: 3, SMALL: 4}


@dataclass(frozen=True)
class Series:
    """The values of one line, or of one part of each bar, under a name for the legend."""

    name: str
    values: Sequence[Decimal]
    is_area: bool = False  # filled down to zero
    is_step: bool = False  # stays as it is until it changes, as a limit does
    is_taken_off: bool = False  # its bars hang under the axis, though its figures are above 0


Figure = Callable[[Decimal], str]


def _options(size: tuple[int, int], figure: Figure) -> dict[str, Any]:
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
        "truncate_label": -1,
        "truncate_legend": -1,
        "value_formatter": lambda value: figure(Decimal(str(value))),
    }


def lines(
    series: Sequence[Series],
    labels: Sequence[str],
    *,
    figure: Figure,
    told: Figure | None = None,
    size: tuple[int, int] = WIDE,
) -> bytes:
    """A line chart as SVG, with one line for each series over the same labels; its scale starts at
    0, so no value may be below that. `figure` writes the numbers of the scale, and `told`, or else
    `figure`, those of the points. `size` is WIDE, NARROW or SMALL.
    """
    highest = max((value for one in series for value in one.values), default=Decimal(0))
    scale = _scale(Decimal(0), highest)
    chart = pygal.XY(
        **_options(size, figure),
        margin_right=32,  # half of the last label
        dots_size=6,
        legend_at_bottom_columns=len(series) if size == WIDE else min(len(series), 2),
        range=(0, scale[-1]),
        xrange=(0, max(len(labels) - 1, 1)),
    )
    chart.y_labels = scale if series else []
    chart.x_labels = [
        {"value": at, "label": labels[at]} for at in _even(len(labels), MOST_LABELS[size])
    ]
    for one in series:
        chart.add(one.name, list(_points(one, labels, told or figure)), fill=one.is_area)
    return _plain(chart.render_tree())


def bars(
    series: Sequence[Series],
    labels: Sequence[str],
    *,
    figure: Figure,
    told: Figure | None = None,
    size: tuple[int, int] = WIDE,
    opens: Sequence[str] = (),
) -> bytes:
    """A bar chart as SVG, with one bar for each label, on which the values of all series are
    stacked; values below 0, and those of a series that `is_taken_off`, hang under the axis.
    `figure` writes the numbers of the scale, and `told`, or else `figure`, those of the bars.
    `size` is WIDE, NARROW or SMALL. `opens` are the addresses that the bars open, one for each
    label, or none.
    """
    heights = [[-v for v in one.values] if one.is_taken_off else one.values for one in series]
    stacks = list(zip(*heights, strict=True))
    highest = max((sum(v for v in stack if v > 0) for stack in stacks), default=Decimal(0))
    lowest = min((sum(v for v in stack if v < 0) for stack in stacks), default=Decimal(0))
    scale = _scale(Decimal(lowest), Decimal(highest))
    chart = pygal.StackedBar(
        **_options(size, figure),
        legend_at_bottom_columns=len(series) if size == WIDE else 1,
        range=(scale[0], scale[-1]),
    )
    shown = _even(len(labels), 16 if size == WIDE else 4)
    chart.y_labels = scale if series else []
    chart.x_labels = [label if at in shown else "" for at, label in enumerate(labels)]
    write = told or figure
    for one, height in zip(series, heights, strict=True):
        named = zip(labels, one.values, height, strict=True)
        chart.add(one.name, [_told(float(h), one, label, v, write) for label, v, h in named])
    root = chart.render_tree()
    for drawn in root.iter():
        if drawn.get("class") == "bars":
            for bar, address in zip(drawn, opens, strict=False):
                bar.set(OPENS, address)
    return _plain(root)


def _scale(lowest: Decimal, highest: Decimal) -> list[float]:
    """The figures of a scale of even steps that holds 0, `lowest` and `highest`; all of them whole,
    as the numbers beside it are. They go up from the lowest.
    """
    largest = max(highest, -lowest)
    if not largest:
        return [0, 1]
    power = Decimal(10) ** (largest / MOST_STEPS).adjusted()
    steps = (one * max(power, Decimal(1)) for one in STEPS)
    step = next(one for one in steps if one % 1 == 0 and one * MOST_STEPS >= largest)
    places = range(floor(lowest / step), ceil(highest / step) + 1)
    return [float(at * step) for at in places]


def _even(count: int, most: int) -> range:
    """The places of at most `most` labels out of `count`, evenly apart; the last one is shown."""
    apart = max(-(-(count - 1) // max(most - 1, 1)), 1)
    return range((count - 1) % apart, count, apart) if count else range(0)


def _points(one: Series, labels: Sequence[str], figure: Figure) -> Iterator[Any]:
    """Yield the points of the line of a series from left to right, each with its text. Those of a
    series of steps have corners in between, without text.

    They are floats: they only place points on a picture, and no amount is taken from them.
    """
    before = None
    for at, (label, value) in enumerate(zip(labels, one.values, strict=True)):
        if one.is_step and before not in (None, value):
            yield (at, float(before))
        yield _told((at, float(value)), one, label, value, figure)
        before = value


def _told(place: Any, one: Series, label: str, value: Decimal, figure: Figure) -> dict[str, Any]:
    """A value as pygal takes it, at this place, with the text that is shown under the pointer: the
    label, the name of the series and the figure.
    """
    return {"value": place, "label": f"{label} · {formats.labelled(figure(value), one.name)}"}


def inline(svg: bytes, label: str, *, is_small: bool = False) -> SafeString:
    """Return the chart, an SVG, as markup for a page, whose style sheet draws it: its own
    style and the ids of its parts are taken out. `label` is its text for screen readers. On
    phones a style sheet may hide the chart and show a separate image, which the page brings
    itself; charts with `is_small` have another class, so that they stay.
    """
    root = fromstring(svg)
    for style in root.findall(f"{{{SVG}}}style"):
        root.remove(style)
    for part in root.iter():  # a page may have several charts, and each of these once
        part.attrib.pop("id", None)
    shown = "chart drawn small" if is_small else "chart drawn"
    root.attrib |= {"class": shown, "role": "img", "aria-label": label}
    return mark_safe(_written(root))


def _written(root: Element) -> str:
    """The drawing as text, its tags without a prefix, with which a page would not draw them. SVG's
    namespace is registered each time, as other libraries register a prefix for it for the whole
    process.
    """
    register_namespace("", SVG)
    return tostring(root, encoding="unicode")


def image(svg: bytes) -> HttpResponse:
    """A response with the chart, which only the reader's own browser may store, and has to
    revalidate each time.
    """
    response = HttpResponse(svg, content_type="image/svg+xml")
    response["Content-Security-Policy"] = POLICY
    response["Cache-Control"] = "private, no-cache"
    return response


def _plain(root: Element) -> bytes:
    """The drawing as SVG, with our style instead of pygal's, and without its scripts, comments and
    descriptions; what a point is labelled with becomes its title.
    """
    for parent in list(root.iter()):
        parent.attrib.pop("style", None)
        said = [child.text for child in parent if child.get("class") == "label"]
        for child in list(parent):
            if not isinstance(child.tag, str) or child.tag in {"script", "style", "desc", "title"}:
                parent.remove(child)
        if said and parent.get("class", "").startswith(("dots", "bar")):
            title = Element("title")
            title.text = said[0]
            parent.insert(0, title)
    root.attrib.pop("id", None)
    _drop_corners(root)
    _open_ends(root)
    SubElement(root, "style").text = STYLE
    return _written(root).encode("ascii", "xmlcharrefreplace")


def _open_ends(root: Element) -> None:
    """Draw the line of each area apart from it, from its first point to its last. The outline of an
    area goes down to 0 at both ends, as if the last figure were 0.
    """
    for parent in list(root.iter()):
        for child in list(parent):
            if child.get("class") == LINE:
                points = child.get("d", "")[1:].replace("L", "").split()[2:-2]
                line = Element("path", {"d": f"M{' '.join(points)}", "class": f"{LINE} nofill"})
                child.set("class", f"{LINE} area")
                parent.insert(list(parent).index(child) + 1, line)


def _drop_corners(root: Element) -> None:
    """Remove the dots that say nothing: those of the corners of steps."""
    for parent in list(root.iter()):
        for child in list(parent):
            is_dot = child.get("class", "").startswith("dots")
            if is_dot and child.find("title") is None:
                parent.remove(child)
