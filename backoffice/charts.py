"""The pictures of the last thirty days."""

from collections.abc import Mapping

from backoffice.figures import KINDS, Currency, Figures
from lib import charts
from lib.charts import Series
from lib.formats import day_and_month, whole

# Which kinds are in one picture, by its name in the address.
PICTURES: Mapping[str, tuple[str, ...]] = {
    "orders": ("placed", "declined"),
    "payments": ("billed", "collected", "failed"),
}


def draw(name: str, figures: Figures, currency: Currency, *, narrow: bool) -> bytes:
    """What was worth how much on each day, in the currency."""
    series = [
        Series(KINDS[kind], [one.amount for one in currency.days[kind]]) for kind in PICTURES[name]
    ]
    return charts.lines(
        series,
        [day_and_month(day) for day in figures.days],
        figure=whole,
        size=charts.NARROW if narrow else charts.WIDE,
    )
