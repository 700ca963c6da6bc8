"""Gives out the numbers of documents that are written one by one (rule 15.19, rule 28.7)."""

from billing.models import NumberSeries


def next_number(series: str, year: int) -> str:
    """Take the next number of the series and the year, as text such as 2026-000001; the series' row
    is locked until the transaction ends. If that is rolled back, so is this, and there is no gap.
    The series "" is the installation's own bills.
    """
    row, _ = NumberSeries.objects.select_for_update().get_or_create(series=series, year=year)
    row.last += 1
    row.save(update_fields=["last"])
    return row.number_of(row.last)
