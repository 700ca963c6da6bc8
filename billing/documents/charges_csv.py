"""The charges of any days as CSV: one row per charge, with the bill it is on by now.

A charge belongs to the day for which it counts (rule 13.2), as it does on bills and in the list of
fees by day; the day of its service stands beside it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from billing.documents.csv_export import Part, blocks, charge_amount, invoice_number
from billing.documents.statement_csv import fees_in, without_tax
from billing.models import BillingAccount
from billing.queries import taxes
from lib import csv_files, money

# Item by item: only the charges of one are sorted, and the first row leaves at once.
SOURCE = """
    FROM (
        SELECT item.id, item.posting_on, item.invoice_id FROM billing_invoiceitem item
        WHERE item.account_id = %(account)s AND item.posted_at IS NOT NULL
          AND item.posting_on BETWEEN %(start)s AND %(end)s
        ORDER BY item.posting_on, item.id
    ) item
    CROSS JOIN LATERAL (
        SELECT charge.* FROM billing_charge charge WHERE charge.item_id = item.id
        ORDER BY charge.at, charge.id OFFSET 0
    ) charge
    LEFT JOIN billing_invoice invoice ON invoice.id = item.invoice_id
    ORDER BY item.posting_on, item.id, charge.at, charge.id
"""


@dataclass(frozen=True)
class Export:
    """The CSV file of the charges that count for the days from `start` to `end`, both included, all
    of them worked off: no charge joins these days any more.
    """

    account: BillingAccount
    start: date
    end: date
    language: str = "en"  # of the headings and of what fees are called

    @property
    def file_name(self) -> str:
        """The file's name, with the merchant's reference and the first and last day."""
        return f"charges-{self.account.merchant.reference}-{self.start}-{self.end}.csv"

    def blocks(self) -> Iterator[bytes]:
        """The file in blocks of whole rows, the headings first, without the mark of UTF-8
        (csv_files.MARK).

        Raises csv_export.Incomplete instead of the last block if the rows' count or sum differs
        from that of the days.
        """
        items = self.account.items.filter(
            posting_on__range=(self.start, self.end), posted_at__isnull=False
        )
        sums = items.aggregate(count=Sum("charge_count"), amount=Sum("amount"))
        with override(self.language):
            columns = _columns(self.account.currency, self.account.timezone)
            if taxes.are_added(self.account):
                columns |= without_tax()
        part = Part(
            name=self.file_name,
            columns=columns,
            source=SOURCE,
            params={
                "account": self.account.pk,
                "start": self.start,
                "end": self.end,
                "fees": json.dumps(fees_in(self.language)),
            },
            charge_count=sums["count"] or 0,
            amount=money.of(sums["amount"] or Decimal(0), self.account.currency),
        )
        return blocks([part], columns)


def _columns(currency: str, timezone: str) -> dict[str, str]:
    """SQL for each column of the file, by its heading in the language in force; `currency` is the
    code of all charges, and instants are written in `timezone`.
    """
    return {
        _("Day"): "item.posting_on",
        pgettext("file", "Charge"): csv_files.safe("charge.reference"),
        _("Category"): "%(fees)s::jsonb -> charge.fee_id ->> 'category'",
        _("Fee"): "%(fees)s::jsonb -> charge.fee_id ->> 'name'",
        _("Request"): csv_files.safe("charge.request"),
        _("Description"): csv_files.safe("charge.description"),
        _("Quantity"): csv_files.Figure("trim_scale(charge.quantity)"),
        _("Rate"): csv_files.Figure("trim_scale(charge.unit_price)"),
        _("Amount"): charge_amount(currency),
        _("Currency"): "charge.currency",
        _("Service date"): "charge.service_on",
        **csv_files.instants({_("Service time"): "charge.at"}, timezone, says_zone=False),
        **csv_files.instants({_("Arrived"): "charge.arrived_at"}, timezone, says_zone=False),
        _("Late"): csv_files.yes_or_no("charge.is_late"),
        _("Bill #"): invoice_number("invoice.number"),
    }
