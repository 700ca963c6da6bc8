"""The lines and sums of a bill for its PDF, and for that of the credit note that mirrors it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from billing.models import Invoice, InvoiceLine
from billing.queries import taxes
from billing.queries.sections import S, Section, Sections
from billing.queries.taxes import TaxSum
from billing.tax import TaxCategory
from lib import money
from lib.formats import count, day_text, figure
from lib.typesetting import Paper


def of_invoice(lines: Sections[InvoiceLine], *, is_taxed: bool, sign: int = 1) -> Paper:
    """The members `table` and `details` of the template's data: the lines of the bill, by category.
    Where any fee has several lines, the table has the sum of each fee, and the lines are the
    details, which are empty otherwise. On a bill with tax (`is_taxed`) each has its tax rate. A
    `sign` of -1 turns the amounts into those that a credit note takes back.
    """
    rate = [_("Tax rate")] if is_taxed else []
    by_day = {
        "columns": [_("Fee"), _("Posted"), *rate, pgettext("count", "Number"), _("Amount")],
        "sections": [section(one, _days_of(one, sign), sign) for one in lines.sections],
    }
    rows = [line for one in lines.sections for line in one.rows]
    if len({line.fee_code for line in rows}) == len(rows):
        return {"table": by_day, "details": {}}
    by_fee = {
        "columns": [_("Fee"), *rate, pgettext("count", "Number"), _("Amount")],
        "sections": [section(one, list(_fees(one, sign)), sign) for one in lines.sections],
    }
    return {"table": by_fee, "details": {"heading": _("Lines"), **by_day}}


def _days_of(section: Section[InvoiceLine], sign: int) -> list[list[str]]:
    """A row of texts for each line of the section, fee by fee, each fee's oldest first; `sign` of
    -1 turns the amounts round.
    """
    return [
        [
            line.fee_label,
            day_text(line.posting_on),
            *_rate(line),
            count(line.charge_count),
            figure(line.amount * sign),
        ]
        for line in sorted(section.rows, key=lambda line: (line.fee_label, line.posting_on))
    ]


def _fees(section: Section[InvoiceLine], sign: int) -> Iterator[list[str]]:
    """Yields a row of texts with the sum of each fee and tax rate of the section, ordered by the
    fee's name; `sign` of -1 turns the amounts round.
    """
    by_fee = defaultdict(list)
    for line in section.rows:
        by_fee[line.fee_code, line.tax_category, line.tax_percent].append(line)
    for found in sorted(by_fee.values(), key=lambda found: found[0].fee_label):
        yield [
            found[0].fee_label,
            *_rate(found[0]),
            count(sum(line.charge_count for line in found)),
            figure(money.total((line.amount for line in found), section.currency) * sign),
        ]


def _rate(line: InvoiceLine) -> list[str]:
    """The tax rate of the line as text, in a list of one, to be put among the cells of its row; an
    empty list on a bill without tax.
    """
    if not line.tax_category:
        return []
    if line.tax_category == TaxCategory.STANDARD:
        return [taxes.percent_text(line.tax_percent)]
    return [taxes.rate_text(line.tax_category, line.tax_percent)]


def section(section: Section[S], rows: list[list[str]], sign: int = 1) -> Paper:
    """A category and its rows for the template, under the category's name, number of charges and
    sum; `sign` of -1 turns the sum round.
    """
    return {
        "head": [str(section.category.label), count(section.charge_count)],
        "amount": figure(section.amount * sign),
        "rows": rows,
    }


def sums(invoice: Invoice, sums: Sequence[TaxSum], sign: int = 1) -> list[list[str]]:
    """Rows of a label and an amount: without tax and each tax, if the bill has some, and the total;
    `sign` of -1 turns the amounts round.
    """
    taxed = [
        [
            _("%(tax)s on %(amount)s") % {"tax": one.label, "amount": figure(one.base * sign)},
            figure(one.tax * sign + money.zero(invoice.currency)),  # no tax is not below 0
        ]
        for one in sums
    ]
    if taxed:
        taxed.insert(0, [_("Without tax"), figure(invoice.net * sign)])
    return [*taxed, [_("Total"), figure(invoice.total * sign)]]
