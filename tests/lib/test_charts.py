"""Charts: drawings that carry nothing but themselves."""

import base64
import hashlib
import re
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from lib import charts, formats


def drawn(*values: str, size: tuple[int, int] = charts.WIDE) -> str:
    """A chart of these values, as SVG."""
    series = charts.Series("Limit <b>", [Decimal(value) for value in values], is_area=True)
    labels = [f"{number} Oct" for number in range(1, len(values) + 1)]
    return charts.lines([series], labels, figure=formats.whole, size=size).decode()


def words(svg: str) -> list[str]:
    """The texts in the drawing."""
    return [
        text.text or "" for text in ElementTree.fromstring(svg).iter() if text.tag[-4:] == "text"
    ]


def test_its_scale_has_whole_figures_and_starts_at_nothing() -> None:
    said = words(drawn("0", "5000.50", "20000"))
    assert (said[0], "20,000" in said, "3 Oct" in said) == ("0", True, True)


def test_its_steps_are_even_and_hold_every_value() -> None:
    assert words(drawn("0", "2290"))[:6] == ["0", "500", "1,000", "1,500", "2,000", "2,500"]
    days = [str(day) for day in range(1, 54)]
    shown = [word for word in words(drawn(*days)) if word.endswith("Oct")]
    assert shown == ["8 Oct", "17 Oct", "26 Oct", "35 Oct", "44 Oct", "53 Oct"]


def test_a_limit_is_a_step_and_use_a_slope() -> None:
    def corners(*, is_step: bool) -> list[tuple[str, str]]:
        series = charts.Series("Limit", [Decimal(1), Decimal(1), Decimal(5)], is_step=is_step)
        svg = charts.lines([series], ["1", "2", "3"], figure=formats.whole).decode()
        path = re.findall(r'<path d="M([^"]*)" class="line', svg)[-1]
        points = re.findall(r"([\d.]+) ([\d.]+)", path.replace("L", ""))
        return [(x, y) for x, y in points]

    step, slope = corners(is_step=True), corners(is_step=False)
    assert (len(step), len(slope)) == (4, 3)
    assert step[2][0] == step[3][0]  # straight up
    assert step[1][1] == step[2][1]  # after staying as it was


def test_drawn_into_a_page_each_point_says_its_figure() -> None:
    ElementTree.register_namespace(
        "svg", charts.SVG
    )  # as the library does that draws the codes to scan
    svg = charts.inline(drawn("1", "2345").encode(), "Chart of “this”")
    assert "<title>2 Oct · Limit &lt;b&gt;: 2,345</title>" in svg
    assert 'role="img" aria-label="Chart of “this”"' in svg
    assert ("<style" in svg, "<script" in svg, " style=" in svg) == (False, False, False)
    assert "<title>Oct · A: -50</title>" in charts.bars(
        [charts.Series("A", [Decimal(800), Decimal(-50)])], ["Sep", "Oct"], figure=str
    ).decode().replace("&#183;", "·")


@pytest.mark.parametrize("values", [["0"], ["0", "0"], ["100000000"], ["0.5", "0.25"], []])
def test_few_and_flat_values_are_drawn_too(values: list[str]) -> None:
    assert drawn(*values).startswith("<svg")


def test_names_are_words_and_never_markup() -> None:
    assert "Limit &lt;b&gt;" in drawn("1", "2")


def test_it_may_use_its_own_style_and_nothing_else() -> None:
    svg = drawn("1", "2")
    response = charts.image(svg.encode())
    styles = re.findall(r"<style>(.*?)</style>", svg, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(styles[0].encode()).digest()).decode()
    assert response["Content-Security-Policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'"
    )
    assert (len(styles), "<script" in svg, "http://www.w3.org/2000/svg" in svg) == (1, False, True)


def test_the_same_values_make_the_same_drawing() -> None:
    assert drawn("1", "2") == drawn("1", "2")
    assert drawn("1", "2", size=charts.NARROW) != drawn("1", "2")
