"""A bill as CSV, in the columns that merchants know: one row per charge, line by line.

A void bill keeps its lines, and so its file, wherever their charges went since. A bill with tax has
a row for each rate after them, and says of each charge which rate it has.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _
from django.utils.translation import override

from billing.documents import file_names
from billing.documents.csv_export import Incomplete, Part, blocks, charge_amount
from billing.models import Invoice, InvoiceLine
from billing.models.fees import Category
from billing.queries import invoices, taxes
from billing.queries.sections import Sections
from billing.queries.taxes import TaxSum
from lib import csv_files, money
from lib.money import minor_digits
from merchants import installation

# Of an item with several rates each line has a part of the charges.
SOURCE = """FROM billing_charge charge WHERE charge.item_id = %(item)s
    AND (%(service_from)s::date IS NULL
         OR charge.service_on BETWEEN %(service_from)s::date AND %(service_to)s::date)
    AND (%(charge_ids)s::bigint[] IS NULL OR charge.id = ANY(%(charge_ids)s::bigint[]))
    ORDER BY charge.at, charge.id"""
TAXES = """FROM (
    SELECT category, percent, currency, sum(tax) AS amount FROM billing_invoicetax
    WHERE invoice_id = %(invoice)s GROUP BY category, percent, currency
) charge ORDER BY charge.percent DESC, charge.category"""


@dataclass(frozen=True)
class Export:
    """The CSV file of a bill that has a number."""

    invoice: Invoice
    language: str = "en"  # of the headings and of what fees are called

    @cached_property
    def number(self) -> str:
        """The bill's number as the bill has it (rule 16.12)."""
        return installation.outside(str(self.invoice))

    @property
    def file_name(self) -> str:
        """Return the file's name, with the merchant's reference and the bill's number. The
        number has the installation's prefix, as in "bill-rosewood-T-2026-000001.csv".
        """
        return f"{file_names.of_invoice(self.invoice)}.csv"

    def blocks(self) -> Iterator[bytes]:
        """The file in blocks of whole rows, the headings first, without the mark of UTF-8
        (csv_files.MARK).

        Raises csv_export.Incomplete instead of the last block if the charges of a line do not make
        the line, the lines do not make the bill's amount without tax, or its taxes not its tax.
        """
        lines = invoices.lines(self.invoice)
        sums = taxes.of_invoice(self.invoice, lines)
        with override(self.language):
            columns = _columns(self.invoice.currency, self.invoice.account.timezone)
            if sums:
                columns |= _tax_columns()
        return blocks(self._parts(lines, sums, columns), columns)

    def _parts(
        self, lines: Sections[InvoiceLine], sums: Sequence[TaxSum], columns: dict[str, str]
    ) -> Iterator[Part]:
        """Yields a part of the file for each line of the bill and then, if it has taxes, one with a
        row for each. Before the first, it raises Incomplete if the lines do not make the bill's
        amount without tax.
        """
        if lines.amount != self.invoice.net:
            raise Incomplete(
                f"{self.file_name}: its lines make {money.text(lines.amount)} of"
                f" {money.text(self.invoice.net)}"
            )
        for section in lines.sections:
            for line in section.rows:
                yield self._part(line, columns)
        if sums:
            yield self._taxes(sums, columns)

    def _taxes(self, sums: Sequence[TaxSum], columns: dict[str, str]) -> Part:
        """The part of the file with the bill's taxes, a row for each rate."""
        with override(self.language):
            called = {one.category.value: str(one.category.label) for one in sums}
            tax_columns = dict.fromkeys(columns, "NULL") | {
                _("Bill #"): "%(number)s",
                _("Store Name"): "%(merchant)s",
                _("Charge category"): "%(tax)s",
                _("Description"): csv_files.safe("(%(called)s::jsonb ->> charge.category)"),
                _("Amount"): charge_amount(self.invoice.currency),
                _("Currency"): "charge.currency",
                **_tax_columns(),
            }
            named = {"tax": _("Tax"), "called": json.dumps(called)}
        return Part(
            name=f"{self.file_name}, taxes",
            columns=tax_columns,
            source=TAXES,
            params={
                "number": self.number,
                "merchant": csv_files.safe_text(self.invoice.merchant_name),
                "invoice": self.invoice.pk,
                "tax_category": None,
                "tax_percent": None,
                **named,
            },
            charge_count=len(sums),
            amount=self.invoice.tax,
        )

    def _part(self, line: InvoiceLine, columns: dict[str, str]) -> Part:
        """The part of the file with the charges of one line of the bill, whose count and sum they
        have to make.
        """
        with override(self.language):
            category, fee = str(Category(line.category).label), line.fee_label
        return Part(
            name=f"{self.file_name}, {line}",
            columns=columns,
            source=SOURCE,
            params={
                "number": self.number,
                "merchant": csv_files.safe_text(self.invoice.merchant_name),
                "category": category,
                "fee": fee,
                "is_app": line.category == Category.APP,
                "period_start": self.invoice.period_start,
                "period_end": self.invoice.period_end,
                "plan_start": self.invoice.plan_start,
                "plan_end": self.invoice.plan_end,
                "item": line.item_id,
                "service_from": line.service_from,
                "service_to": line.service_to,
                "charge_ids": line.charge_ids,
                "tax_category": line.tax_category,
                "tax_percent": line.tax_percent,
            },
            charge_count=line.charge_count,
            amount=line.amount,
        )


def _tax_columns() -> dict[str, str]:
    """SQL for the tax category and rate, by their headings in the language in force: in rows of
    charges those of their line on the bill, in rows of taxes the tax's own.
    """
    return {
        _("Tax category"): "coalesce(%(tax_category)s, to_jsonb(charge) ->> 'category')",
        _("Tax rate"): csv_files.Figure(
            "trim_scale(coalesce(%(tax_percent)s::numeric,"
            " (to_jsonb(charge) ->> 'percent')::numeric))"
        ),
    }


def _columns(currency: str, timezone: str) -> dict[str, str]:
    """SQL for each column, by its heading in the language in force; `currency` is the code of all
    charges, and instants are written in `timezone`.
    """
    described = "CASE charge.description WHEN '' THEN '' ELSE ': ' || charge.description END"
    app = "CASE WHEN %(is_app)s THEN charge.description ELSE '' END"
    digits = f"greatest({minor_digits(currency)}, min_scale(charge.unit_price))"
    return {
        _("Bill #"): "%(number)s",
        _("Store Name"): "%(merchant)s",
        _("Charge category"): "%(category)s",
        _("Description"): csv_files.safe(f"(%(fee)s || {described})"),
        _("Amount"): charge_amount(currency),
        _("Currency"): "charge.currency",
        _("Start of billing cycle"): "%(period_start)s::date",
        _("End of billing cycle"): "%(period_end)s::date",
        _("Date"): "charge.service_on",
        _("Order"): csv_files.safe("charge.request"),
        # What it was priced at; of a charge that came with its amount we know no price.
        _("Rate"): csv_files.Figure(f"round(charge.unit_price, {digits})"),
        # The platform names the app in the description.
        _("App"): csv_files.safe(f"({app})"),
        # The days that the bill's plan fees are for, which its period leaves aside.
        _("Start of plan"): "%(plan_start)s::date",
        _("End of plan"): "%(plan_end)s::date",
        **csv_files.instants({_("Service time"): "charge.at"}, timezone, says_zone=False),
    }
