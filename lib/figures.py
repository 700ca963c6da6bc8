"""How many rows a list finds, and what they come to.

Up to MOST rows are counted whenever a page is shown. Of more, the page says only that they are
more, until somebody asks for all of it: a count walks over every row that it counts (rule 23.18).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import QuerySet
from moneyed import Money

from lib import money

MOST = 10_000  # rows that are counted at once


@dataclass(frozen=True)
class Figures:
    """The number of rows, and their sums: for each column that is summed its amounts, one for each
    currency, by code.
    """

    count: int
    sums: Sequence[Sequence[Money]] = field(default=())
    is_whole: bool = True  # whether all rows were counted; otherwise there are more than `count`


def of(
    found: "QuerySet[Any]",
    columns: Sequence[str],
    *,
    currency: str,
    most: int | None = MOST,
    by: str = "",
) -> Figures:
    """The number of rows of `found`, and for each of the `columns` its sums, one for each currency;
    the column `currency` names the row's currency. If there are more than `most` rows, the number
    is `most`, there are no sums, and `is_whole` is False; None counts all of them.

    `by` is a column in whose order an index of one merchant's rows has them: they are counted along
    it. Without it, the database may take it for less to read everybody's rows until it has `most`.
    """
    ordered = found.order_by(by) if by and most is not None else found.order_by()
    rows = ordered.values_list(*([currency, *columns] if columns else ["pk"]))
    counted = _counted(rows if most is None else rows[: most + 1], len(columns))
    count = sum(number for _code, number, *_sums in counted)
    if most is not None and count > most:
        return Figures(most, is_whole=False)
    sums = [
        [money.of(row[place], row[0]) for row in counted] for place in range(2, 2 + len(columns))
    ]
    return Figures(count, sums)


def _counted(rows: "QuerySet[Any, Any]", summed: int) -> list[tuple[Any, ...]]:
    """For each currency its code, the number of rows, and the sum of each of the `summed` columns;
    in one row, with an empty code, where nothing is summed. It is one question to the database.
    Currencies are in the order of their codes.
    """
    try:
        sql, parameters = rows.query.sql_with_params()
    except EmptyResultSet:  # Django knows that nothing fits
        return []
    names = [f"summed_{number}" for number in range(summed)]
    sums = "".join(f", coalesce(sum({name}), 0)" for name in names)
    aliases = ", ".join(["first", *names])
    code, by = ("first", "GROUP BY first ORDER BY first") if summed else ("''", "")
    connection = connections[rows.db]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {code}, count(*){sums} FROM ({sql}) found ({aliases}) {by}", parameters
        )
        return list(cursor.fetchall())


def of_rows(rows: Sequence[Any], columns: Sequence[str]) -> Figures:
    """The number of these rows, which were read already and are all that a list finds, and for each
    of the `columns` its sums, one for each currency.
    """
    currencies = sorted({row.currency for row in rows}) if columns else []
    sums = [
        [
            money.total((_amount(row, column) for row in rows if row.currency == code), code)
            for code in currencies
        ]
        for column in columns
    ]
    return Figures(len(rows), sums)


def _amount(row: Any, column: str) -> Money:
    """The row's amount in this column, as Money; a sum that a query added is a plain figure, or
    None, which counts as 0.
    """
    amount: Money | Decimal | None = getattr(row, column)
    if isinstance(amount, Money):
        return amount
    return money.of(amount or Decimal(0), row.currency)
