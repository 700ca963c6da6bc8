"""Writes many charges at once: the rows, their items, statements, totals, and the accounts' running
figures.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import connection

from billing.models import FulfilmentRequest, Statement
from billing.models.fees import Posting

# Looked up one by one in the index (OFFSET 0 keeps it so): for a thousand references PostgreSQL
# would rather read a table of a hundred thousand charges from end to end.
CONTENTS = """
SELECT charge.account_id, charge.reference, charge.fee_id, charge.request, charge.description,
       charge.quantity, charge.amount, charge.unit_price
FROM unnest(%(accounts)s::bigint[], %(references)s::text[]) AS sent(account_id, reference)
CROSS JOIN LATERAL (
    SELECT * FROM billing_charge charge
    WHERE charge.account_id = sent.account_id AND charge.reference = sent.reference OFFSET 0
) charge
"""

ADD_TO_ITEMS = """
INSERT INTO billing_invoiceitem AS item (account_id, fee_id, posting, posting_on, posted_at,
                                         is_collecting, currency, amount, charge_count)
SELECT account_id, fee, posting, posting_on, posted_at, true, currency, amount, charges
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::date[], %s::timestamptz[], %s::text[],
            %s::numeric[], %s::bigint[])
     AS new(account_id, fee, posting, posting_on, posted_at, currency, amount, charges)
ON CONFLICT (account_id, fee_id, posting_on, posting) WHERE is_collecting
DO UPDATE SET amount = item.amount + excluded.amount,
              charge_count = item.charge_count + excluded.charge_count
RETURNING account_id, fee_id, posting, posting_on, id
"""

ADD_TO_TOTALS = """
INSERT INTO billing_statementtotal AS total (statement_id, fee_id, amount, charge_count)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::numeric[], %s::bigint[])
ON CONFLICT (statement_id, fee_id)
DO UPDATE SET amount = total.amount + excluded.amount,
              charge_count = total.charge_count + excluded.charge_count
"""

COPY_CHARGES = """
COPY billing_charge (account_id, reference, fee_id, request, description, quantity, amount,
                     unit_price, item_id, statement_id, currency, at, service_on, arrived_at,
                     is_late)
FROM STDIN
"""

# A difference, not a new value: the figures move by what the rows are. With them goes the instant
# of the latest row, after which nothing counts earlier.
MOVE_FIGURES = """
UPDATE billing_billingaccount account
SET outstanding = account.outstanding + moved.posted, accruing = account.accruing + moved.accrued,
    last_wrote_at = greatest(account.last_wrote_at, moved.at)
FROM unnest(%s::bigint[], %s::numeric[], %s::numeric[], %s::timestamptz[])
     AS moved(account_id, posted, accrued, at)
WHERE account.merchant_id = moved.account_id
"""


class ItemKey(NamedTuple):
    """What an item is unique by: charges with the same key are summed in one item."""

    account_id: int
    fee_id: str
    posting: str  # of Posting
    posting_on: date


class Content(NamedTuple):
    """What a repeated charge must have in common with the recorded one, and its unit price if it
    was priced by us.
    """

    fee: str
    request: str
    description: str
    quantity: Decimal
    amount: Decimal
    unit_price: Decimal | None

    def is_same_as(self, other: "Content") -> bool:
        """Whether all but the unit price is the same: the amount may have been given or computed
        from a price.
        """
        return self[:-1] == other[:-1]


class Row(NamedTuple):
    """A charge that is to be written."""

    account_id: int
    reference: str
    content: Content
    currency: str
    at: datetime
    service_on: date
    arrived_at: datetime
    is_late: bool
    month: date | None  # of its statement; None when its category is on none
    item: ItemKey


@dataclass(slots=True)
class _Sum:
    """The count and sum of the charges of one item, or of one fee in a statement; `first` is one of
    them.
    """

    first: Row
    amount: Decimal = Decimal(0)
    charges: int = 0

    def add(self, amount: Decimal, charges: int) -> None:
        self.amount += amount
        self.charges += charges


def _array(values: Iterable[object]) -> str:
    """PostgreSQL's text form of an array; psycopg takes several times as long for a list."""
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: object) -> str:
    if value is None:
        return "NULL"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


class ChargeWriter:
    """Collects charges of accounts that the caller has locked, and writes all of them in
    `flush`.
    """

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._statements: dict[tuple[int, date], int] = {}

    @staticmethod
    def contents_of(keys: Sequence[tuple[int, str]]) -> dict[tuple[int, str], Content]:
        """The contents of the charges that are recorded under these pairs of account and
        reference.
        """
        with connection.cursor() as cursor:
            cursor.execute(
                CONTENTS,
                {
                    "accounts": _array(key[0] for key in keys),
                    "references": _array(key[1] for key in keys),
                },
            )
            return {(row[0], row[1]): Content(*row[2:]) for row in cursor.fetchall()}

    def add(self, row: Row) -> None:
        """Have the next `flush` write the charge."""
        self._rows.append(row)

    def flush(self) -> None:
        """Write all charges that were added, and what is summed from them: items, statement totals,
        fulfilment requests, and the accounts' running figures.
        """
        if not self._rows:
            return
        sums = self._sums()
        items = self._write_items(sums)
        self._write_statements(sums)
        self._write_requests()
        self._write_charges(items)
        self._move_figures(sums)
        self._rows.clear()

    def _sums(self) -> dict[ItemKey, _Sum]:
        """The charges that were added, summed by item."""
        sums: dict[ItemKey, _Sum] = {}
        for row in self._rows:
            total = sums.get(row.item)
            if total is None:
                total = sums[row.item] = _Sum(row)
            total.add(row.content.amount, 1)
        return sums

    def _write_items(self, sums: dict[ItemKey, _Sum]) -> dict[ItemKey, int]:
        """Add the sums to the items, creating those that are missing; returns the key of each."""
        with connection.cursor() as cursor:
            cursor.execute(
                ADD_TO_ITEMS,
                [
                    _array(key.account_id for key in sums),
                    _array(key.fee_id for key in sums),
                    _array(key.posting for key in sums),
                    _array(key.posting_on for key in sums),
                    _array(
                        total.first.arrived_at if key.posting == Posting.IMMEDIATE else None
                        for key, total in sums.items()
                    ),
                    _array(total.first.currency for total in sums.values()),
                    _array(total.amount for total in sums.values()),
                    _array(total.charges for total in sums.values()),
                ],
            )
            return {ItemKey(*row[:4]): row[4] for row in cursor.fetchall()}

    def _write_statements(self, items: dict[ItemKey, _Sum]) -> None:
        """Add each item's new charges to the total of its fee in its month's statement, creating
        statements and totals that are missing.

        Charges of one item are all in the same statement.
        """
        sums: dict[tuple[int, date, str], _Sum] = {}
        for item, of_item in items.items():
            month = of_item.first.month
            if month is not None:
                key = (item.account_id, month, item.fee_id)
                sums.setdefault(key, _Sum(of_item.first)).add(of_item.amount, of_item.charges)
        if not sums:
            return
        self._open_statements(sums)
        with connection.cursor() as cursor:
            cursor.execute(
                ADD_TO_TOTALS,
                [
                    _array(self._statements[account_id, month] for account_id, month, _ in sums),
                    _array(fee for _, _, fee in sums),
                    _array(total.amount for total in sums.values()),
                    _array(total.charges for total in sums.values()),
                ],
            )

    def _open_statements(self, sums: dict[tuple[int, date, str], _Sum]) -> None:
        """Look up the keys of these statements, creating those that are missing."""
        new = {
            (account_id, month): total.first
            for (account_id, month, _), total in reversed(sums.items())
            if (account_id, month) not in self._statements
        }
        opened = Statement.objects.bulk_create(
            [
                Statement(
                    account_id=account_id,
                    month=month,
                    currency=row.currency,
                    opened_at=row.arrived_at,
                )
                for (account_id, month), row in new.items()
            ],
            # Changes nothing, but has the keys of existing statements returned as well.
            update_conflicts=True,
            unique_fields=["account", "month"],
            update_fields=["month"],
        )
        for statement in opened:
            self._statements[statement.account_id, statement.month] = statement.pk

    def _write_requests(self) -> None:
        """Create the fulfilment requests that these charges are the first to name."""
        first = {(row.account_id, row.content.request): row.at for row in reversed(self._rows)}
        # A request is created with the first charge that names it.
        FulfilmentRequest.objects.bulk_create(
            [
                FulfilmentRequest(account_id=account_id, reference=request, first_at=at)
                for (account_id, request), at in sorted(first.items())
                if request
            ],
            ignore_conflicts=True,
        )

    def _write_charges(self, items: dict[ItemKey, int]) -> None:
        statements = self._statements
        with connection.cursor() as cursor, cursor.copy(COPY_CHARGES) as copy:
            for row in self._rows:
                copy.write_row(
                    (
                        row.account_id,
                        row.reference,
                        *row.content,
                        items[row.item],
                        row.month and statements[row.account_id, row.month],
                        row.currency,
                        row.at,
                        row.service_on,
                        row.arrived_at,
                        row.is_late,
                    )
                )

    def _move_figures(self, sums: dict[ItemKey, _Sum]) -> None:
        """Add the sums to the accounts' outstanding and accruing amounts."""
        posted: dict[int, Decimal] = {}
        accrued: dict[int, Decimal] = {}
        for item, total in sums.items():
            if item.posting != Posting.MONTHLY:  # which counts for nothing until the month ends
                moved = posted if item.posting == Posting.IMMEDIATE else accrued
                moved[item.account_id] = moved.get(item.account_id, Decimal(0)) + total.amount
        latest = {row.account_id: row.arrived_at for row in self._rows}  # they are in that order
        accounts = sorted(latest)
        with connection.cursor() as cursor:
            cursor.execute(
                MOVE_FIGURES,
                [
                    _array(accounts),
                    _array(posted.get(account, Decimal(0)) for account in accounts),
                    _array(accrued.get(account, Decimal(0)) for account in accounts),
                    _array(latest[account] for account in accounts),
                ],
            )
