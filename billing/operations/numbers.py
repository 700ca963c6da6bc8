"""Gives out the numbers of documents that are written one by one (rule 15.19, rule 28.7)."""

from billing.models import NumberSeries
from lib import cells


def next_number(series: str, year: int) -> str:
    """Take the next number of the series and the year, as text such as 2026-000001, or
    DE-2026-000001 in the series DE; the series' row is locked until the transaction ends. If that
    is rolled back, so is this, and there is no gap. The series "" is the installation's own bills.
    A number that is given in another cell than the first names it: 7-2026-000001.
    """
    row, _ = NumberSeries.objects.select_for_update().get_or_create(series=series, year=year)
    row.last += 1
    row.save(update_fields=["last"])
    return cells.mark() + row.number_of(row.last)
