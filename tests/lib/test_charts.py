"""Charts: drawings that carry nothing but themselves."""

import base64
import hashlib
import re
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from lib import charts, formats


def drawn(*values: str, size: tuple[int, int] = charts.WIDE) -> str:
    series = charts.Series("Limit <b>", [Decimal(value) for value in values], is_area=True)
    labels = [f"{number} Oct" for number in range(1, len(values) + 1)]
    return charts.lines([series], labels, figure=formats.whole, size=size).decode()


def words(svg: str) -> list[str]:
    return [
        text.text or "" for text in ElementTree.fromstring(svg).iter() if text.tag[-4:] == "text"
    ]


def test_its_scale_has_whole_figures_and_starts_at_nothing() -> None:
    said = words(drawn("0", "5000.50", "20000"))
    assert (said[0], "20,000" in said, "1 Oct" in said) == ("0", True, True)


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
