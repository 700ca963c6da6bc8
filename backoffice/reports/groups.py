"""The figures of a report by group, and the rows behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from backoffice.reports.report import Asked, Report


@dataclass(frozen=True)
class Group:
    """The figures of the rows that have the same values of the report's keys."""

    values: Mapping[str, Any]  # by the keys' names
    figures: Mapping[str, Decimal | int]  # by the figures' names


def of_report(report: Report, asked: Asked) -> list[Group]:
    """The groups of the report that have rows, in the order of their keys, read by one statement
    that also adds them up.
    """
    names = [key.name for key in report.keys]
    totals = {figure.name: figure.total for figure in report.figures}
    found = report.rows(asked).order_by(*names).values(*names).annotate(**totals)
    return [
        Group(
            {name: row[name] for name in names},
            {name: row[name] or Decimal(0) for name in totals},
        )
        for row in found
    ]


def sums(report: Report, found: Sequence[Group]) -> dict[str, Decimal | int]:
    """The sum of each of the report's figures over these groups, by the figure's name."""
    return {
        figure.name: sum((group.figures[figure.name] for group in found), Decimal(0))
        for figure in report.figures
    }


def rows_of(report: Report, asked: Asked, values: Mapping[str, str]) -> QuerySet[Any]:
    """The report's rows in the groups that have these values of keys, latest first. `values` are as
    `written` writes them; a key that is left out may have any value. Raises ValidationError or
    ValueError for a value that the key's column cannot have.
    """
    return report.rows(asked).filter(**values).order_by("-pk")


def written(value: Any) -> str:
    """A key's value as addresses have it: a day in ISO 8601, others as text. No report has a key
    without a value.
    """
    return value.isoformat() if isinstance(value, date) else str(value)
