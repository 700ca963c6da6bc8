"""A bill as CSV, in the columns that merchants know: one row per charge, line by line.

A void bill keeps its lines, and so its file, wherever their charges went since.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import override

from billing.documents.csv_export import Incomplete, Part, amount_of, blocks
from billing.models import Invoice, InvoiceLine
from billing.models.fees import Category
from billing.queries import invoices
from lib import csv_files, money
from lib.money import minor_digits

SOURCE = "FROM billing_charge charge WHERE charge.item_id = %(item)s ORDER BY charge.at, charge.id"


@dataclass(frozen=True)
class Export:
    """The CSV file of a bill that has a number."""

    invoice: Invoice
    language: str = "en"  # of the headings and of what fees are called

    @property
    def file_name(self) -> str:
        return f"bill-{self.invoice.merchant_reference}-{self.invoice}.csv"

    def blocks(self) -> Iterator[bytes]:
        """The file in blocks of whole rows.

        Raises csv_export.Incomplete instead of the last block if the charges of a line do not make
        the line, or the lines do not make the bill's total.
        """
        with override(self.language):
            columns = _columns(self.invoice.currency, self.invoice.account.timezone)
        return blocks(self._parts(columns), columns)

    def _parts(self, columns: dict[str, str]) -> Iterator[Part]:
        """Yields a part for each line of the bill. Raises Incomplete if the lines do not make the
        bill's total.
        """
        lines = invoices.lines(self.invoice)
        if lines.amount != self.invoice.total:
            raise Incomplete(
                f"{self.file_name}: its lines make {money.text(lines.amount)} of"
                f" {money.text(self.invoice.total)}"
            )
        for section in lines.sections:
            for line in section.rows:
                yield self._part(line, columns)

    def _part(self, line: InvoiceLine, columns: dict[str, str]) -> Part:
        """The part of the file with the charges of one line."""
        with override(self.language):
            category, fee = str(Category(line.category).label), line.fee_label
        return Part(
            name=f"{self.file_name}, {line}",
            columns=columns,
            source=SOURCE,
            params={
                "number": self.invoice.number,
                "merchant": csv_files.safe_text(self.invoice.merchant_name),
                "category": category,
                "fee": fee,
                "is_app": line.category == Category.APP,
                "period_start": self.invoice.period_start,
                "period_end": self.invoice.period_end,
                "plan_start": self.invoice.plan_start,
                "plan_end": self.invoice.plan_end,
                "item": line.item_id,
            },
            charge_count=line.charge_count,
            amount=line.amount,
        )


def _columns(currency: str, timezone: str) -> dict[str, str]:
    """SQL for each column, by its heading in the language in force."""
    described = "CASE charge.description WHEN '' THEN '' ELSE ': ' || charge.description END"
    app = "CASE WHEN %(is_app)s THEN charge.description ELSE '' END"
    digits = f"greatest({minor_digits(currency)}, min_scale(charge.unit_price))"
    return {
        _("Bill #"): "%(number)s",
        _("Store Name"): "%(merchant)s",
        _("Charge category"): "%(category)s",
        _("Description"): csv_files.safe(f"(%(fee)s || {described})"),
        _("Amount"): amount_of(currency),
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
        **csv_files.instants({_("Service time"): "charge.at"}, timezone),
    }
