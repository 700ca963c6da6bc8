"""Computes the taxes of bills that are to be written (rule 28.2 to rule 28.4): of the parts of one
rate that their items are split into (invoice_parts).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from billing import tax
from billing.models import Charge, InvoiceTax
from billing.operations import invoice_parts
from billing.operations.invoice_parts import Part
from billing.queries import taxation
from billing.queries.taxation import OUTSIDE, Payer, Rate, Taxation
from lib import money, prepared

# What was credited of each bill and rate so far; what a void bill did counts no more.
CREDITED = """
SELECT tax.corrects_id, tax.category, tax.percent, sum(tax.base), sum(tax.tax)
FROM billing_invoicetax tax LEFT JOIN billing_invoice invoice ON invoice.id = tax.invoice_id
WHERE tax.corrects_id = ANY(%(corrects)s) AND invoice.status IS DISTINCT FROM 'VOID'
GROUP BY tax.corrects_id, tax.category, tax.percent
"""


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
    country: str = ""  # InvoiceTax.country


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
        """The rows of these taxes, one for each rate and bill that is corrected, which are not
        written yet; `whose` is what they belong to, `invoice_id` or `rest`.
        """
        return [
            InvoiceTax(
                **whose,
                corrects_id=key.corrects,
                country=row.country,
                category=key.category,
                percent=key.percent,
                currency=self.payer.currency,
                base=money.of(row.base, self.payer.currency),
                tax=money.of(row.tax, self.payer.currency),
                sentence=row.sentence,
            )
            for key, row in self.rows.items()
        ]


def compute(
    due: Mapping[str, Sequence[Any]], *, taxed_alone: bool = False, at_closing: bool = False
) -> dict[int, Taxes]:
    """The taxes of the bills that are due, by the key of their account. An account is left out if
    none of the items that its bill would take has a tax rate (one of 0 percent counts). `due` has
    the parameters of TAKEN: accounts, kinds, dates and instants. With `taxed_alone` the parts of
    items without a rate are left out, too, and with `at_closing` items that are not posted yet are
    taken along. Nothing is written.
    """
    payers = taxation.payers(due["accounts"])
    if not payers:
        return {}
    items = [
        item
        for item in invoice_parts.taken(due, at_closing=at_closing)
        if item.account_id in payers
    ]
    found: dict[int, Taxes] = {}
    owners = {item.pk: item.account_id for item in items}
    # Most of a day's accounts have nothing to bill: of these nothing is read.
    billed = {owner: payers[owner] for owner in owners.values()}
    if not billed:
        return {}
    for part in invoice_parts.split(items, Taxation(billed)):
        if taxed_alone and part.rate is None:
            continue
        owner = owners[part.item]
        found.setdefault(owner, Taxes(payers[owner])).parts.append(part)
    taxed = {owner: one for owner, one in found.items() if any(part.rate for part in one.parts)}
    _sum_up(taxed.values())
    return taxed


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
                country = "" if key.corrects else part.country or one.payer.country
                one.rows[key] = Tax(sentence=rate.sentence, country=country)
            one.rows[key].base += part.amount
    corrects = {key.corrects for one in every for key in one.rows if key.corrects}
    before = (
        {Key(*row[:3]): row[3:] for row in (prepared.rows(CREDITED, {"corrects": list(corrects)}))}
        if corrects
        else {}
    )
    for one in every:
        for key, row in one.rows.items():
            base, taxed = before.get(key, (Decimal(0), Decimal(0)))
            row.tax = tax.tax_on(base + row.base, key.percent, one.payer.currency) - taxed


def parts(taxes: Iterable[Taxes]) -> list[dict[str, Any]]:
    """The parts of these bills' items, for the statement that writes lines, as objects for JSON:
    one object for all whole items of one rate, and one for each part of an item that has several.
    """
    whole: dict[Rate | None, list[int]] = defaultdict(list)
    split = []
    for one in taxes:
        for part in one.parts:
            if part.is_whole:
                whole[part.rate].append(part.item)
            else:
                split.append(part.row())
    return [*(invoice_parts.of_rate(rate, items) for rate, items in whole.items()), *split]


def rows(taxes: Mapping[int, Taxes]) -> list[dict[str, Any]]:
    """The taxes of these accounts' bills, by the account's key in `taxes`, as objects for the JSON
    that the statement which writes bills takes.
    """
    return [
        {
            "account_id": account_id,
            "corrects_id": key.corrects,
            "country": row.country,
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
