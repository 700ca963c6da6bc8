"""Splits the items of bills that are to be written into parts of one rate each (rule 28.2, rule
28.4).

An item's charges mostly have one rate. Where the rate changes between its first and its last day of
service, its charges are summed by day, and the bill has a line for each rate. Credits carry the
rate of what they correct, so that they are looked at one by one.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

from billing.models import Fee
from billing.models.fees import CREDIT_CATEGORIES
from billing.operations.taken import TAKEN, TAKEN_AT_CLOSING
from billing.queries.taxation import OUTSIDE, Rate, Taxation
from lib import prepared

# Those credited with a tax of their own on a closed account have none any more. No service is of a
# day after the one on which it posts.
_ITEMS = """
SELECT taken.account_id, taken.id, item.fee_id, fee.category, item.amount, item.charge_count,
       item.rest_tax_id IS NOT NULL, (
           SELECT service_on FROM billing_charge charge
           WHERE charge.item_id = taken.id ORDER BY at, id LIMIT 1), item.posting_on
FROM taken JOIN billing_invoiceitem item ON item.id = taken.id
JOIN billing_fee fee ON fee.code = item.fee_id
ORDER BY taken.id
"""
ITEMS, ITEMS_AT_CLOSING = TAKEN + _ITEMS, TAKEN_AT_CLOSING + _ITEMS
BY_DAY = """
SELECT item_id, service_on, sum(amount), count(*) FROM billing_charge
WHERE item_id = ANY(%(items)s) GROUP BY item_id, service_on ORDER BY item_id, service_on
"""
# What no tax applied to stands on a bill that has taxes as outside the scope. It was billed without
# tax all the same: every charge of a bill of the installation's own issuer, which has no country;
# and a credit on what was billed without tax, or on no charge, and on a bill of that issuer.
UNTAXED_LINE = "line.tax_category = '' OR billed.issuer_id IS NULL"
UNTAXED_CREDIT = f"""
    given.category = '{OUTSIDE.category}' AND given.corrects_id IS NULL
    AND made_item.rest_tax_id IS NULL
    AND (made_billed.issuer_id IS NULL OR line.invoice_id IS NOT NULL AND ({UNTAXED_LINE}))
"""
# What gave money back or took that back, with what it corrects, and where that is billed now. A
# credit is known by the reference of its charge, too: what it posts may be billed before it is
# written down whose charge it is. What takes a credit back has the tax that this one got, on its
# bill or as a closed account's. What had its tax as that has none on a bill that takes it later.
CORRECTIONS = f"""
SELECT charge.item_id, charge.id, charge.amount,
       coalesce(corrected.fee_id, made.fee_id, charge.fee_id),
       coalesce(corrected.service_on, made.service_on, charge.service_on),
       line.invoice_id, CASE WHEN {UNTAXED_LINE} THEN '' ELSE line.tax_category END,
       line.tax_percent,
       made_line.invoice_id IS NOT NULL OR made_item.rest_tax_id IS NOT NULL,
       coalesce(given.corrects_id, made_line.invoice_id),
       CASE WHEN {UNTAXED_CREDIT} THEN '' ELSE given.category END, given.percent, given.country
FROM billing_charge charge
LEFT JOIN LATERAL (
    SELECT * FROM billing_billingcredit credit WHERE credit.made_id = charge.id
    UNION ALL SELECT * FROM billing_billingcredit credit WHERE credit.taken_back_id = charge.id
    UNION ALL SELECT * FROM billing_billingcredit credit
    WHERE charge.reference ~ '^tael:(credit|{Fee.CREDIT_UNDONE}):[0-9]+$'
      AND credit.id = split_part(charge.reference, ':', 3)::bigint
    LIMIT 1
) credit ON true
LEFT JOIN billing_charge made ON made.id = credit.made_id
LEFT JOIN billing_charge corrected ON corrected.id = credit.charge_id
LEFT JOIN billing_invoiceitem item ON item.id = corrected.item_id
LEFT JOIN billing_invoiceline line
     ON line.invoice_id = item.invoice_id AND line.item_id = item.id
    AND (line.service_from IS NULL
         OR corrected.service_on BETWEEN line.service_from AND line.service_to)
    AND (line.charge_ids IS NULL OR corrected.id = ANY(line.charge_ids))
    AND NOT EXISTS (SELECT FROM billing_invoicetax settled WHERE settled.rest_id = item.rest_tax_id)
LEFT JOIN billing_invoice billed ON billed.id = line.invoice_id
LEFT JOIN billing_invoiceitem made_item
     ON made_item.id = made.item_id AND charge.fee_id = '{Fee.CREDIT_UNDONE}'
LEFT JOIN billing_invoiceline made_line
     ON made_line.invoice_id = made_item.invoice_id AND made_line.item_id = made_item.id
    AND made_item.rest_tax_id IS NULL
    AND (made_line.charge_ids IS NULL OR made.id = ANY(made_line.charge_ids))
LEFT JOIN billing_invoice made_billed ON made_billed.id = made_line.invoice_id
LEFT JOIN LATERAL (
    SELECT tax.corrects_id, tax.category, tax.percent, tax.country FROM billing_invoicetax tax
    WHERE (tax.rest_id = made_item.rest_tax_id
           OR tax.invoice_id = made_line.invoice_id
              AND (tax.category, tax.percent) = (made_line.tax_category, made_line.tax_percent))
      AND (tax.corrects_id IS NULL OR EXISTS (
          SELECT FROM billing_invoiceline billed
          WHERE billed.invoice_id = tax.corrects_id AND billed.item_id = corrected.item_id))
    ORDER BY tax.corrects_id NULLS LAST, tax.percent LIMIT 1
) given ON true
WHERE charge.item_id = ANY(%(items)s) ORDER BY charge.item_id, charge.id
"""
ONE_DAY = timedelta(days=1)


class Item(NamedTuple):
    """An item that a bill takes."""

    account_id: int
    pk: int
    fee: str
    category: str
    amount: Decimal
    charges: int
    is_settled: bool  # its tax was credited already
    first_on: date  # the first day of service
    posting_on: date  # after which none is

    @property
    def is_correction(self) -> bool:
        """Whether its charges give money back on what was charged before, or take such a credit
        back, so that they have the tax of what they correct.
        """
        return self.category in CREDIT_CATEGORIES and self.fee not in Fee.UNTAXED


class Part(NamedTuple):
    """The part of an item that has one rate: a line of the bill. `rate` is None if no tax applies
    to it.
    """

    item: int
    amount: Decimal
    charges: int
    rate: Rate | None
    corrects: int | None = None  # the bill whose charges it corrects
    country: str = ""  # that gave back the tax which it takes, where no bill says so
    service_from: date | None = None  # where its item has several parts: of these days of service
    service_to: date | None = None
    charge_ids: list[int] | None = None  # or with these keys

    @property
    def is_whole(self) -> bool:
        """Whether its item has no other part."""
        return self.service_from is None and self.charge_ids is None

    def row(self) -> dict[str, Any]:
        """The part as the statement that writes the lines of bills takes it, by the names of its
        JSON.
        """
        return {
            **of_rate(self.rate, [self.item]),
            "amount": str(self.amount),
            "charges": self.charges,
            "service_from": self.service_from and self.service_from.isoformat(),
            "service_to": self.service_to and self.service_to.isoformat(),
            "charge_ids": self.charge_ids,
        }


class _Corrected(NamedTuple):
    """What a part corrects, and by which rate; as in Part."""

    corrects: int | None
    rate: Rate | None
    country: str = ""


def of_rate(rate: Rate | None, items: list[int]) -> dict[str, Any]:
    """These items as the statement that writes the lines of bills takes them (JSON), with their tax
    category and percent; without a rate they are outside the scope of tax.
    """
    rate = rate or OUTSIDE
    return {"items": items, "category": rate.category, "percent": str(rate.percent)}


def taken(due: Mapping[str, Sequence[Any]], *, at_closing: bool = False) -> list[Item]:
    """The items that the bills which are due take, by their keys; `due` has the parameters of
    TAKEN: accounts, kinds, dates and instants. With `at_closing` those that are not posted yet are
    among them.
    """
    items = ITEMS_AT_CLOSING if at_closing else ITEMS
    return [Item(*row) for row in prepared.rows(items, due)]


def split(items: Sequence[Item], rates: Taxation) -> Iterator[Part]:
    """Yields the parts of these items, in no order: one for an item of one rate, and several for
    one whose rate changes between its days of service or that corrects several bills or rates. An
    item that never has tax (Fee.UNTAXED), or whose tax was credited already, is one part without a
    rate.
    """
    split, corrections = [], []
    for item in items:
        if item.is_correction and not item.is_settled:
            corrections.append(item)
        elif item.is_settled or item.fee in Fee.UNTAXED:
            yield Part(item.pk, item.amount, item.charges, None)
        elif _may_change(item, rates):
            split.append(item)
        else:
            rate = rates.rate(item.account_id, item.fee, item.first_on)
            yield Part(item.pk, item.amount, item.charges, rate)
    if split:
        yield from _by_day(split, rates)
    if corrections:
        yield from _corrections(corrections, rates)


def _may_change(item: Item, rates: Taxation) -> bool:
    """Whether the rate may change between the item's days of service. A service that was told ahead
    of its instant counts for the day before it, hence the days around them.
    """
    first, last = item.first_on - ONE_DAY, item.posting_on + ONE_DAY
    return any(first < day <= last for day in rates.changes(item.account_id, item.fee))


def _by_day(items: Sequence[Item], rates: Taxation) -> Iterator[Part]:
    """Yields the parts of items whose rate may change, by the rate on their charges' days of
    service. If there are several, each has its first and last day.
    """
    known = {item.pk: item for item in items}
    rows = prepared.rows(BY_DAY, {"items": list(known)})
    for pk, of_item in groupby(rows, key=lambda row: row[0]):
        item = known[pk]

        def rate(row: tuple[Any, ...], item: Item = item) -> Rate | None:
            """The tax rate of the item on the row's day; None where there is no tax."""
            return rates.rate(item.account_id, item.fee, row[1])

        runs = [(one, list(days)) for one, days in groupby(of_item, key=rate)]
        for one, days in runs:
            dates = {}
            if len(runs) > 1:
                dates = {"service_from": days[0][1], "service_to": days[-1][1]}
            amount = sum((row[2] for row in days), Decimal(0))
            yield Part(pk, amount, sum(row[3] for row in days), one, **dates)


def _corrections(items: Sequence[Item], rates: Taxation) -> Iterator[Part]:
    """Yields the parts of items that give money back or take that back: by the rates, and the
    bills, of what they correct. What is not billed yet, or was taxed with a closed account's rest,
    has the rate of its own day of service, and no bill. What takes back a credit that got its tax
    has that of the credit. If there are several, each has the keys of its charges.
    """
    owners = {item.pk: item.account_id for item in items}
    found: dict[int, dict[_Corrected, list[tuple[Any, ...]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for row in prepared.rows(CORRECTIONS, {"items": list(owners)}):
        pk, _, _, fee, on, corrects, category, percent, is_given, *given = row
        country = ""
        if is_given:
            corrects, category, percent, country = given
        if corrects is None and not is_given:
            key = _Corrected(None, rates.rate(owners[pk], fee, on))
        elif category:
            key = _Corrected(corrects, Rate(category, percent), "" if corrects else country)
        else:  # it was billed without tax
            key = _Corrected(None, None)
        found[pk][key].append(row)
    for pk, by_key in found.items():
        for one, rows in by_key.items():
            ids = [row[1] for row in rows] if len(by_key) > 1 else None
            amount = sum((row[2] for row in rows), Decimal(0))
            yield Part(pk, amount, len(rows), one.rate, one.corrects, one.country, charge_ids=ids)
