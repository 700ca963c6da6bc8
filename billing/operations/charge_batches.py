"""Writes many charges at once: the rows, their items, statements, totals, and the accounts' running
figures.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from django.db import connection

from billing.models.fees import Posting
from lib import copied, prepared

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

# Most of them exist: they are found without being written.
KNOWN_STATEMENTS = """
SELECT account_id, month, id
FROM billing_statement JOIN unnest(%s::bigint[], %s::date[]) AS sent(account_id, month)
     USING (account_id, month)
"""
# The caller has locked their accounts, so no other can open one meanwhile.
OPEN_STATEMENTS = """
INSERT INTO billing_statement (account_id, month, currency, opened_at)
SELECT * FROM unnest(%s::bigint[], %s::date[], %s::text[], %s::timestamptz[])
RETURNING account_id, month, id
"""

ADD_REQUESTS = """
INSERT INTO billing_fulfilmentrequest (account_id, reference, first_at)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[])
ON CONFLICT DO NOTHING
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

# Rows that are handed to the database together: it writes them while the next are put into text.
WRITTEN_AT_ONCE = 100
TotalKey = tuple[int, date, str]  # what a total is unique by: an account, a month, a fee


class ItemKey(NamedTuple):
    """What an item is unique by while it takes charges: charges with the same key are summed in one
    item.
    """

    account_id: int
    fee_id: str
    posting: str  # of Posting
    posting_on: date


class Content(NamedTuple):
    """What a repeated charge must have in common with the recorded one; and the unit price, if we
    priced it.
    """

    fee: str
    request: str
    description: str
    quantity: Decimal
    amount: Decimal
    unit_price: Decimal | None

    def differences(self, other: "Content") -> list[str]:
        """The names of the members that differ from those of `other`, empty if none does. The unit
        price is not compared: an amount may be given once and computed from a price another time.
        """
        if self[:-1] == other[:-1]:
            return []
        return [
            name
            for name, mine, its in zip(self._fields[:-1], self, other, strict=False)
            if mine != its
        ]


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
    """The sum and count of the charges of one item, or of one fee in a statement; `first` is the
    first of them.
    """

    first: Row
    amount: Decimal = Decimal(0)
    charges: int = 0

    def add(self, amount: Decimal, charges: int) -> None:
        """Add `charges` charges that come to `amount` together."""
        self.amount += amount
        self.charges += charges


def _line(row: Row, item: int, statement: int | None, arrived_at: str) -> str:
    """The charge, which arrived at this instant, as a line for COPY_CHARGES, in the item and,
    unless it is on none, the statement with these primary keys.
    """
    fee, request, description, quantity, amount, unit_price = row.content
    return (
        f"{row.account_id}\t{copied.text(row.reference)}\t{fee}\t{copied.text(request)}"
        f"\t{copied.text(description)}\t{quantity}\t{amount}"
        f"\t{copied.NULL if unit_price is None else unit_price}\t{item}"
        f"\t{copied.NULL if statement is None else statement}\t{row.currency}"
        f"\t{row.at}\t{row.service_on}\t{arrived_at}\t{row.is_late}\n"
    )


class ChargeWriter:
    """Collects charges of accounts that the caller has locked; `flush` writes them to the database
    all at once.
    """

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._statements: dict[tuple[int, date], int] = {}

    @staticmethod
    def contents_of(keys: Sequence[tuple[int, str]]) -> dict[tuple[int, str], Content]:
        """The contents of charges that are recorded, by pairs of account key and charge reference;
        pairs without a charge are left out.
        """
        found = prepared.rows(
            CONTENTS,
            {"accounts": [key[0] for key in keys], "references": [key[1] for key in keys]},
        )
        return {(row[0], row[1]): Content(*row[2:]) for row in found}

    def add(self, row: Row) -> None:
        """Keep the charge for the next `flush`, which writes it."""
        self._rows.append(row)

    def flush(self) -> None:
        """Write all charges that were added since the last flush, and what is summed from them:
        items, statement totals, fulfilment requests, and the accounts' running figures. Does
        nothing if there are none.
        """
        if not self._rows:
            return
        sums = self._sums()
        totals = self._totals(sums)
        self._open_statements(totals)
        *_others, items = prepared.rows_of_each(self._asked(sums, totals))
        self._write_charges({ItemKey(*row[:4]): row[4] for row in items})
        self._rows.clear()

    def _asked(
        self, sums: dict[ItemKey, _Sum], totals: dict[TotalKey, _Sum]
    ) -> Iterator[tuple[str, list[list[Any]]]]:
        """Yields all statements but that of the charges, each with its values, which are worked out
        while the database carries out the one before: for the requests, the totals of statements,
        the accounts' figures, and last the items, which returns their keys.
        """
        if requests := self._requests():
            yield ADD_REQUESTS, requests
        if totals:
            yield ADD_TO_TOTALS, self._totals_by_statement(totals)
        yield MOVE_FIGURES, self._figures(sums)
        yield ADD_TO_ITEMS, _items(sums)

    def _sums(self) -> dict[ItemKey, _Sum]:
        """For each item, the sum and count of the charges that were added for it since the last
        `flush`.
        """
        sums: dict[ItemKey, _Sum] = {}
        for row in self._rows:
            total = sums.get(row.item)
            if total is None:
                total = sums[row.item] = _Sum(row)
            total.add(row.content.amount, 1)
        return sums

    def _totals(self, items: dict[ItemKey, _Sum]) -> dict[TotalKey, _Sum]:
        """The sum and count of each fee's new charges in the statement of its month. Items of
        categories that are on no statement are left out.

        Charges of one item are all in the same statement.
        """
        sums: dict[TotalKey, _Sum] = {}
        for item, of_item in items.items():
            month = of_item.first.month
            if month is not None:
                key = (item.account_id, month, item.fee_id)
                total = sums.get(key)
                if total is None:
                    total = sums[key] = _Sum(of_item.first)
                total.add(of_item.amount, of_item.charges)
        return sums

    def _open_statements(self, totals: dict[TotalKey, _Sum]) -> None:
        """Note in `_statements` the primary key of the statement of each account and month in
        `totals`, and create the statements that are missing. Nothing is added to their totals here.
        The caller has locked the accounts, so that nobody else creates the same statement
        meanwhile.
        """
        new = {
            (account_id, month): total.first
            for (account_id, month, _), total in reversed(totals.items())
            if (account_id, month) not in self._statements
        }
        if not new:
            return
        found = prepared.rows(
            KNOWN_STATEMENTS, [[account for account, _ in new], [month for _, month in new]]
        )
        for account_id, month, _ in found:
            del new[account_id, month]
        if new:
            found += prepared.rows(
                OPEN_STATEMENTS,
                [
                    [account_id for account_id, _ in new],
                    [month for _, month in new],
                    [row.currency for row in new.values()],
                    [row.arrived_at for row in new.values()],
                ],
            )
        for account_id, month, statement in found:
            self._statements[account_id, month] = statement

    def _totals_by_statement(self, totals: dict[TotalKey, _Sum]) -> list[list[Any]]:
        """The values of ADD_TO_TOTALS, which creates totals that are missing."""
        return [
            [self._statements[account_id, month] for account_id, month, _ in totals],
            [fee for _, _, fee in totals],
            [total.amount for total in totals.values()],
            [total.charges for total in totals.values()],
        ]

    def _requests(self) -> list[list[Any]]:
        """The values of ADD_REQUESTS, which creates the fulfilment requests that the batch's
        charges name and that do not exist yet, each with the instant of the first charge that names
        it; others stay as they are. Empty if they name none.
        """
        first = {
            (row.account_id, row.content.request): row.at
            for row in reversed(self._rows)
            if row.content.request
        }
        if not first:
            return []
        return [
            [account_id for account_id, _ in first],
            [request for _, request in first],
            list(first.values()),
        ]

    def _write_charges(self, items: dict[ItemKey, int]) -> None:
        """Copy the rows of the charges into the table; `items` has the primary keys of their
        items.
        """
        statements = self._statements
        written = cache(
            str
        )  # an instant takes as long as the rest of a row, and most have the same
        with connection.cursor() as cursor, cursor.copy(COPY_CHARGES) as copy:
            for start in range(0, len(self._rows), WRITTEN_AT_ONCE):
                lines = [
                    _line(
                        row,
                        items[row.item],
                        None if row.month is None else statements[row.account_id, row.month],
                        written(row.arrived_at),
                    )
                    for row in self._rows[start : start + WRITTEN_AT_ONCE]
                ]
                copy.write("".join(lines))

    def _figures(self, sums: dict[ItemKey, _Sum]) -> list[list[Any]]:
        """The values of MOVE_FIGURES, which adds the sums to the accounts' outstanding and accruing
        amounts, without items that wait for the month's end, and notes the instant of each
        account's latest charge.
        """
        posted: dict[int, Decimal] = {}
        accrued: dict[int, Decimal] = {}
        for item, total in sums.items():
            if item.posting != Posting.MONTHLY:  # which counts for nothing until the month ends
                moved = posted if item.posting == Posting.IMMEDIATE else accrued
                moved[item.account_id] = moved.get(item.account_id, Decimal(0)) + total.amount
        latest = {row.account_id: row.arrived_at for row in self._rows}  # they are in that order
        accounts = sorted(latest)
        return [
            accounts,
            [posted.get(account, Decimal(0)) for account in accounts],
            [accrued.get(account, Decimal(0)) for account in accounts],
            [latest[account] for account in accounts],
        ]


def _items(sums: dict[ItemKey, _Sum]) -> list[list[Any]]:
    """The values of ADD_TO_ITEMS, which adds the sums to the items, and creates those that are
    missing.
    """
    return [
        [key.account_id for key in sums],
        [key.fee_id for key in sums],
        [key.posting for key in sums],
        [key.posting_on for key in sums],
        [
            total.first.arrived_at if key.posting == Posting.IMMEDIATE else None
            for key, total in sums.items()
        ],
        [total.first.currency for total in sums.values()],
        [total.amount for total in sums.values()],
        [total.charges for total in sums.values()],
    ]
