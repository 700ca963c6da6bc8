"""Draws the charts of the last thirty days on the operators' home page."""

from backoffice.figures import DAILY, PICTURES, Currency, Figures, Picture
from lib import charts
from lib.charts import Series
from lib.formats import day_and_month, whole


def named(name: str) -> Picture | None:
    """The registered chart with this name, or None."""
    return next((picture for picture in PICTURES if picture.name == name), None)


def draw(picture: Picture, figures: Figures, currency: Currency, *, narrow: bool) -> bytes:
    """The chart `picture` as SVG, narrow for a phone or wide: one line for each of its kinds of
    amounts, which shows the amount of each day of `figures` in this currency.
    """
    titles = {kind.name: kind.title for kind in DAILY}
    series = [
        Series(titles[kind], [one.amount for one in currency.days[kind]]) for kind in picture.kinds
    ]
    return charts.lines(
        series,
        [day_and_month(day) for day in figures.days],
        figure=whole,
        size=charts.NARROW if narrow else charts.WIDE,
    )
