"""Computes the taxes of bills that are to be written (rule 28.2 to rule 28.4).

An item's charges mostly have one rate. Where the rate changes between its first and its last day of
service, its charges are summed by day, and the bill has a line for each rate. Credits carry the
rate of what they correct, so that they are looked at one by one.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

from billing import tax
from billing.models import Charge, Fee, InvoiceTax
from billing.models.fees import CREDIT_CATEGORIES
from billing.operations.taken import TAKEN
from billing.queries import taxation
from billing.queries.taxation import OUTSIDE, Payer, Rate, Taxation
from lib import money, prepared

# Those credited with a tax of their own on a closed account have none any more. No service is of a
# day after the one on which it posts.
ITEMS = f"""
{TAKEN}
SELECT taken.account_id, taken.id, item.fee_id, fee.category, item.amount, item.charge_count,
       item.rest_tax_id IS NOT NULL, (
           SELECT service_on FROM billing_charge charge
           WHERE charge.item_id = taken.id ORDER BY at, id LIMIT 1), item.posting_on
FROM taken JOIN billing_invoiceitem item ON item.id = taken.id
JOIN billing_fee fee ON fee.code = item.fee_id
ORDER BY taken.id
"""
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
       CASE WHEN {UNTAXED_CREDIT} THEN '' ELSE given.category END, given.percent
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
    SELECT tax.corrects_id, tax.category, tax.percent FROM billing_invoicetax tax
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
# What was credited of each bill and rate so far; what a void bill did counts no more.
CREDITED = """
SELECT tax.corrects_id, tax.category, tax.percent, sum(tax.base), sum(tax.tax)
FROM billing_invoicetax tax LEFT JOIN billing_invoice invoice ON invoice.id = tax.invoice_id
WHERE tax.corrects_id = ANY(%(corrects)s) AND invoice.status IS DISTINCT FROM 'VOID'
GROUP BY tax.corrects_id, tax.category, tax.percent
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
        """Whether its charges credit what was charged before, and correct the tax of that."""
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
            **_of_rate(self.rate, [self.item]),
            "amount": str(self.amount),
            "charges": self.charges,
            "service_from": self.service_from and self.service_from.isoformat(),
            "service_to": self.service_to and self.service_to.isoformat(),
            "charge_ids": self.charge_ids,
        }


def _of_rate(rate: Rate | None, items: list[int]) -> dict[str, Any]:
    """Items of one rate for the statement that writes lines; without a rate they are outside the
    scope of tax.
    """
    rate = rate or OUTSIDE
    return {"items": items, "category": rate.category, "percent": str(rate.percent)}


class Key(NamedTuple):
    """What a tax of a bill is for: a rate and, for credits, the bill that they correct."""

    corrects: int | None
    category: str
    percent: Decimal


@dataclass
class Tax:
    """The tax of one rate on a bill."""

    base: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    sentence: str = ""


@dataclass
class Taxes:
    """The parts and taxes of a bill."""

    payer: Payer
    parts: list[Part] = field(default_factory=list)
    rows: dict[Key, Tax] = field(default_factory=dict)

    @property
    def tax(self) -> Decimal:
        """The tax of all rates together."""
        return sum((row.tax for row in self.rows.values()), Decimal(0))

    def of_invoice(self, **whose: Any) -> list[InvoiceTax]:
        """The rows of these taxes, which are not written yet; `whose` is what they belong to,
        `invoice_id` or `rest`.
        """
        return [
            InvoiceTax(
                **whose,
                corrects_id=key.corrects,
                category=key.category,
                percent=key.percent,
                currency=self.payer.currency,
                base=money.of(row.base, self.payer.currency),
                tax=money.of(row.tax, self.payer.currency),
                sentence=row.sentence,
            )
            for key, row in self.rows.items()
        ]


def compute(due: Mapping[str, Sequence[Any]], *, taxed_alone: bool = False) -> dict[int, Taxes]:
    """The taxes of the bills that are due, by the key of their account; accounts whose bills have
    none are left out. `due` has the parameters of TAKEN: accounts, kinds, dates and instants. With
    `taxed_alone` the parts without tax are left out, too. Nothing is written.
    """
    payers = taxation.payers(due["accounts"])
    if not payers:
        return {}
    items = [Item(*row) for row in _read(ITEMS, due) if row[0] in payers]
    found: dict[int, Taxes] = {}
    owners = {item.pk: item.account_id for item in items}
    # Most of a day's accounts have nothing to bill: of these nothing is read.
    billed = {owner: payers[owner] for owner in owners.values()}
    if not billed:
        return {}
    for part in _parts(items, Taxation(billed)):
        if taxed_alone and part.rate is None:
            continue
        owner = owners[part.item]
        found.setdefault(owner, Taxes(payers[owner])).parts.append(part)
    taxed = {owner: one for owner, one in found.items() if any(part.rate for part in one.parts)}
    _sum_up(taxed.values())
    return taxed


def _read(sql: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of a prepared statement."""
    return prepared.rows(sql, params)


def _parts(items: Sequence[Item], rates: Taxation) -> Iterator[Part]:
    """Yields the parts of these items: one for an item of one rate, and several for one whose rate
    changes between its days of service or that corrects several bills or rates.
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
    rows = _read(BY_DAY, {"items": list(known)})
    for pk, of_item in groupby(rows, key=lambda row: row[0]):
        item = known[pk]

        def rate(row: tuple[Any, ...], item: Item = item) -> Rate | None:
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
    found: dict[int, dict[tuple[int | None, Rate | None], list[tuple[Any, ...]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for row in _read(CORRECTIONS, {"items": list(owners)}):
        pk, _, _, fee, on, corrects, category, percent, is_given, *given = row
        if is_given:
            corrects, category, percent = given
        if corrects is None and not is_given:
            key = (None, rates.rate(owners[pk], fee, on))
        elif category:
            key = (corrects, Rate(category, percent))
        else:  # it was billed without tax
            key = (None, None)
        found[pk][key].append(row)
    for pk, by_key in found.items():
        for (corrects, rate), rows in by_key.items():
            ids = [row[1] for row in rows] if len(by_key) > 1 else None
            amount = sum((row[2] for row in rows), Decimal(0))
            yield Part(pk, amount, len(rows), rate, corrects, charge_ids=ids)


def _sum_up(found: Iterable[Taxes]) -> None:
    """Sum up the bases of each bill by rate and by what they correct, and compute their taxes, each
    rounded once: for what corrects, the tax of all that was credited so far, less what was counted
    before. Rule 28.2, rule 28.4.
    """
    every = list(found)
    for one in every:
        for part in one.parts:
            rate = part.rate or OUTSIDE
            key = Key(part.corrects, rate.category, rate.percent)
            if key not in one.rows:
                one.rows[key] = Tax(sentence=rate.sentence)
            one.rows[key].base += part.amount
    corrects = {key.corrects for one in every for key in one.rows if key.corrects}
    before = (
        {Key(*row[:3]): row[3:] for row in (_read(CREDITED, {"corrects": list(corrects)}))}
        if corrects
        else {}
    )
    for one in every:
        for key, row in one.rows.items():
            base, taxed = before.get(key, (Decimal(0), Decimal(0)))
            row.tax = tax.tax_on(base + row.base, key.percent, one.payer.currency) - taxed


def parts(taxes: Iterable[Taxes]) -> list[dict[str, Any]]:
    """The parts of these bills for the statement that writes lines: whole items by their rates,
    and each part of an item that has several.
    """
    whole: dict[Rate | None, list[int]] = defaultdict(list)
    split = []
    for one in taxes:
        for part in one.parts:
            if part.is_whole:
                whole[part.rate].append(part.item)
            else:
                split.append(part.row())
    return [*(_of_rate(rate, items) for rate, items in whole.items()), *split]


def rows(taxes: Mapping[int, Taxes]) -> list[dict[str, Any]]:
    """The taxes of these accounts' bills for the statement that writes bills."""
    return [
        {
            "account_id": account_id,
            "corrects_id": key.corrects,
            "category": key.category,
            "percent": str(key.percent),
            "base": str(row.base),
            "tax": str(row.tax),
            "sentence": row.sentence,
        }
        for account_id, one in taxes.items()
        for key, row in one.rows.items()
    ]


def write_rest(taxes: Taxes, charge: Charge) -> None:
    """Write the taxes of what a closed account has in its merchant's favour, which `charge`
    credits.
    """
    InvoiceTax.objects.bulk_create(taxes.of_invoice(rest=charge))
