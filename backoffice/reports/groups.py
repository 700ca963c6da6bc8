"""The figures of a report by group, and the rows behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from backoffice.reports.report import Asked, Report
from lib.cells import adding_up


@dataclass(frozen=True)
class Group:
    """The figures of the rows that have the same values of the report's keys."""

    values: Mapping[str, Any]  # by the keys' names
    figures: Mapping[str, Decimal | int]  # by the figures' names

    def __add__(self, other: "Group") -> "Group":
        both = {name: value + other.figures[name] for name, value in self.figures.items()}
        return Group(self.values, both)


@dataclass(frozen=True)
class Answered:
    """What a report comes to: its groups, what stands beside them by its name, and the numbers of
    the cells that have not answered and are left out.
    """

    groups: Sequence[Group]
    beside: Mapping[str, Decimal]
    silent: Sequence[int] = ()


def of_report(report: Report, asked: Asked) -> Answered:
    """The groups of the report that have rows, in the order of their keys, read by one statement
    that also adds them up; where the books are in cells, by one in each, added up here. Cells that
    have not answered in time are named in `silent`, and what they have is missing.
    """
    answers = adding_up.each(lambda: _read(report, asked))
    parts = [of_cell for of_cell, _ in answers.found.values()]
    beside = [of_cell for _, of_cell in answers.found.values()]
    return Answered(
        groups=parts[0] if len(parts) == 1 else _merged(parts),
        beside={
            title: sum((of_cell[title] for of_cell in beside), Decimal(0))
            for title in dict.fromkeys(title for of_cell in beside for title in of_cell)
        },
        silent=answers.silent,
    )


def _read(report: Report, asked: Asked) -> tuple[list[Group], Mapping[str, Decimal]]:
    """Read, in one query for the groups, those of the report that have rows in the present cell, in
    the order of their keys; and, by its name, what the report says beside its table and is in no
    group (Report.beside).
    """
    names = [key.name for key in report.keys]
    totals = {figure.name: figure.total for figure in report.figures}
    found = report.rows(asked).order_by(*names).values(*names).annotate(**totals)
    groups = [
        Group(
            {name: row[name] for name in names},
            {name: row[name] or Decimal(0) for name in totals},
        )
        for row in found
    ]
    return groups, report.beside(asked)


def _merged(parts: Sequence[Sequence[Group]]) -> list[Group]:
    """The groups of several cells as one list in the order of their keys; those of the same keys
    are added up.
    """
    merged: dict[tuple[Any, ...], Group] = {}
    for group in (group for part in parts for group in part):
        keys = tuple(group.values.values())
        before = merged.get(keys)
        merged[keys] = group if before is None else before + group
    return [merged[keys] for keys in sorted(merged)]


def sums(report: Report, found: Sequence[Group]) -> dict[str, Decimal | int]:
    """The sum of each of the report's figures over these groups, by the figure's name."""
    return {
        figure.name: sum((group.figures[figure.name] for group in found), Decimal(0))
        for figure in report.figures
    }


def rows_of(report: Report, asked: Asked, values: Mapping[str, str]) -> QuerySet[Any]:
    """The query for the report's rows in the groups that have these values of keys, those with the
    highest primary key first; in the cell that this is called inside. `values` are as `written`
    writes them; a key that is left out may have any value. No value has control
    characters. Raises ValidationError or ValueError for one that the key's column cannot have.
    """
    return report.rows(asked).filter(**values).order_by("-pk")


def written(value: Any) -> str:
    """A key's value as addresses have it: a day in ISO 8601, others as text. No report has a key
    without a value.
    """
    return value.isoformat() if isinstance(value, date) else str(value)
