"""A closed statement as CSV: one row per charge, with the bill it is on by now.

The same in every language: UTF-8, ISO dates, dot decimals, English headings. PostgreSQL writes the
rows and we pass them on in blocks, so that a million charges take no more memory than ten.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override

from billing import queries
from billing.models import Fee, Statement
from merchants import calendar, exports
from merchants.models import Merchant
from merchants.money import minor_digits
from merchants.refusals import Refused

# No column from Amount on can contain a comma: the tally counts them from the end. The bill is
# looked up row by row (and remembered), which keeps the order of the index: nothing is sorted, and
# the first row leaves at once.
ROWS = """
COPY (
    SELECT %(month)s AS "Statement month",
           %(merchant)s AS "Merchant",
           {reference} AS "Charge",
           %(fees)s::jsonb -> charge.fee_id ->> 'category' AS "Category",
           %(fees)s::jsonb -> charge.fee_id ->> 'name' AS "Fee",
           {request} AS "Request",
           {description} AS "Description",
           trim_scale(charge.quantity) AS "Quantity",
           charge.amount::numeric(24, {digits}) AS "Amount",
           charge.currency AS "Currency",
           charge.service_on AS "Service date",
           {at} AS "Service time (UTC)",
           {arrived_at} AS "Arrived (UTC)",
           CASE WHEN charge.is_late THEN 'yes' ELSE 'no' END AS "Late",
           bill.number AS "Bill #"
    FROM billing_charge charge
    LEFT JOIN LATERAL (
        SELECT invoice.number FROM billing_invoiceitem item
        JOIN billing_invoice invoice ON invoice.id = item.invoice_id
        WHERE item.id = charge.item_id OFFSET 0
    ) bill ON true
    WHERE charge.statement_id = %(statement)s
    ORDER BY charge.at, charge.id
) TO STDOUT WITH (FORMAT csv, HEADER)
"""
COLUMNS_AFTER_AMOUNT = 6


class NotClosed(Refused):
    """Only a closed month can be exported; the message names it and says when it closes."""


class Incomplete(Exception):
    """What was sent is not what was closed: the file must not end as if it were whole."""


def closed_statement(merchant: Merchant, month: date) -> Statement:
    """The merchant's statement of `month`, which no charge can join any more.

    Raises NotClosed for a month that is open, has not begun, or had no charge.
    """
    account = queries.account_of(merchant)
    statement = account and queries.statement(account, month)
    if statement and statement.is_closed:
        return statement
    name = date_format(month, "F Y")
    if account and month < calendar.month_of(account.open_on) and not statement:
        raise NotClosed(
            _("There is no statement of %(month)s: nothing was charged in it.") % {"month": name}
        )
    last_day = date_format(calendar.month_end(month), "j F Y")
    raise NotClosed(
        _(
            "%(month)s is not closed yet. It closes at the end of %(last_day)s and can be "
            "exported from then on."
        )
        % {"month": name, "last_day": last_day}
    )


@dataclass(frozen=True)
class Export:
    """The closed statement of a merchant, ready to be sent."""

    merchant: Merchant
    statement: Statement

    @classmethod
    def of(cls, merchant: Merchant, month: date) -> "Export":
        """Raises NotClosed as closed_statement does."""
        return cls(merchant, closed_statement(merchant, month))

    @property
    def file_name(self) -> str:
        return f"statement-{self.merchant.reference}-{self.statement}.csv"

    def blocks(self) -> Iterator[bytes]:
        """The file in blocks of whole rows.

        Raises Incomplete instead of the last block when rows or amounts differ from the totals that
        were fixed when the month closed.
        """
        tally = _Tally()
        block: list[bytes] = []
        size = 0
        with connection.cursor() as cursor, cursor.copy(*self._query()) as copy:
            rows = map(bytes, copy)
            block.append(next(rows))  # the headings
            for row in rows:
                tally.add(row)
                block.append(row)
                size += len(row)
                if size >= exports.BLOCK:
                    yield b"".join(block)
                    block.clear()
                    size = 0
        self._check(tally)
        yield b"".join(block)

    def _check(self, tally: "_Tally") -> None:
        closed = queries.totals(self.statement)
        digits = minor_digits(self.statement.currency)
        amount = int(closed.amount.scaleb(digits))
        if (tally.rows, tally.amount) != (closed.charge_count, amount):
            raise Incomplete(
                f"{self.file_name}: {tally.rows} rows of {closed.charge_count} were sent, with"
                f" {tally.amount} of {amount} minor units"
            )

    def _query(self) -> tuple[str, dict[str, Any]]:
        sql = ROWS.format(
            reference=exports.safe("charge.reference"),
            request=exports.safe("charge.request"),
            description=exports.safe("charge.description"),
            digits=minor_digits(self.statement.currency),
            at=exports.utc("charge.at"),
            arrived_at=exports.utc("charge.arrived_at"),
        )
        return sql, {
            "month": str(self.statement),
            "merchant": exports.safe_text(self.merchant.name),
            "fees": json.dumps(_fees()),
            "statement": self.statement.pk,
        }


@dataclass
class _Tally:
    """Rows and minor units sent so far."""

    rows: int = 0
    amount: int = 0

    def add(self, row: bytes) -> None:
        amount = row.rsplit(b",", COLUMNS_AFTER_AMOUNT + 1)[1]
        self.rows += 1
        self.amount += int(amount.replace(b".", b""))


def _fees() -> dict[str, dict[str, str]]:
    with override("en"):
        return {
            fee.code: {
                "category": str(fee.get_category_display()),
                "name": exports.safe_text(fee.name),
            }
            for fee in Fee.objects.all()
        }
