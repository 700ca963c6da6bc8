"""A statement as CSV: one row per charge, with the bill it is on by now."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from billing.documents.csv_export import Part, blocks, charge_amount, invoice_number
from billing.models import Fee, Statement
from billing.queries import accounts, statements, taxes
from lib import calendar, csv_files, formats
from lib.refusals import Refused
from merchants.models import Merchant

# The bill is looked up row by row (and remembered), which keeps the order of the index: nothing is
# sorted, and the first row leaves at once.
SOURCE = """
    FROM billing_charge charge
    LEFT JOIN LATERAL (
        SELECT invoice.number FROM billing_invoiceitem item
        JOIN billing_invoice invoice ON invoice.id = item.invoice_id
        WHERE item.id = charge.item_id OFFSET 0
    ) invoice ON true
    WHERE charge.statement_id = %(statement)s
    ORDER BY charge.at, charge.id
"""


class NotClosed(Refused):
    """Only a closed month can be exported; the message names the month, and says when it closes or
    that nothing was charged in it.
    """


def closed_statement(merchant: Merchant, month: date) -> Statement:
    """The merchant's statement of the month that begins on `month`, which no charge can join any
    more.

    Raises NotClosed if the month is open, has not begun, or had no charge, or if the merchant has
    no account.
    """
    account = accounts.of_merchant(merchant)
    statement = account and statements.of_month(account, month)
    if statement and statement.is_closed:
        return statement
    name = formats.month(month)
    if account and month < calendar.month_of(account.open_on) and not statement:
        raise NotClosed(
            _("There is no statement of %(month)s: nothing was charged in it.") % {"month": name}
        )
    last_day = formats.day_text(calendar.month_end(month))
    raise NotClosed(
        _(
            "%(month)s is not closed yet. It closes at the end of %(last_day)s and can be "
            "exported from then on."
        )
        % {"month": name, "last_day": last_day}
    )


@dataclass(frozen=True)
class Export:
    """The CSV file of a merchant's statement, as it closed."""

    merchant: Merchant
    statement: Statement
    language: str = "en"  # of the headings and of what fees are called

    @classmethod
    def of(cls, merchant: Merchant, month: date, *, language: str = "en") -> "Export":
        """The file of the merchant's statement of `month`. Raises NotClosed if the month is open,
        has not begun or had no charge, or if the merchant has no account.
        """
        return cls(merchant, closed_statement(merchant, month), language)

    @property
    def file_name(self) -> str:
        """The file's name, with the merchant's reference and the month."""
        return f"statement-{self.merchant.reference}-{self.statement}.csv"

    def blocks(self) -> Iterator[bytes]:
        """The file in blocks of whole rows, the headings first, without the mark of UTF-8
        (csv_files.MARK).

        Raises csv_export.Incomplete instead of the last block if the rows' count or sum differs
        from the totals that were fixed when the month closed.
        """
        account, closed = self.statement.account, statements.totals(self.statement)
        with override(self.language):
            columns = _columns(self.statement.currency, account.timezone)
            if taxes.are_added(account, self.statement.closed_at):
                columns |= without_tax()
        charges = Part(
            name=self.file_name,
            columns=columns,
            source=SOURCE,
            params={
                "month": str(self.statement),
                "merchant": csv_files.safe_text(self.statement.merchant_name or self.merchant.name),
                "fees": json.dumps(fees_in(self.language)),
                "statement": self.statement.pk,
            },
            charge_count=closed.charge_count,
            amount=closed.amount,
        )
        return blocks([charges], columns)


def _columns(currency: str, timezone: str) -> dict[str, str]:
    """SQL for each column, by its heading in the language in force; `currency` is the code of all
    charges, and instants are written in `timezone`.
    """
    return {
        _("Statement month"): "%(month)s",
        _("Merchant"): "%(merchant)s",
        pgettext("file", "Charge"): csv_files.safe("charge.reference"),
        _("Category"): "%(fees)s::jsonb -> charge.fee_id ->> 'category'",
        _("Fee"): "%(fees)s::jsonb -> charge.fee_id ->> 'name'",
        _("Request"): csv_files.safe("charge.request"),
        _("Description"): csv_files.safe("charge.description"),
        _("Quantity"): csv_files.Figure("trim_scale(charge.quantity)"),
        _("Amount"): charge_amount(currency),
        _("Currency"): "charge.currency",
        _("Service date"): "charge.service_on",
        **csv_files.instants({_("Service time"): "charge.at"}, timezone, says_zone=False),
        **csv_files.instants({_("Arrived"): "charge.arrived_at"}, timezone, says_zone=False),
        _("Late"): csv_files.yes_or_no("charge.is_late"),
        _("Bill #"): invoice_number("invoice.number"),
    }


def without_tax() -> dict[str, str]:
    """SQL for a column that says that the amounts beside it are without tax, by its heading; both
    in the language in force.
    """
    return {_("Tax"): csv_files.quoted(_("not in the amount, added on bills"))}


def fees_in(language: str) -> dict[str, dict[str, str]]:
    """Read the category and the name of each fee, in the language, as a dict under the fee's code;
    names are made harmless for spreadsheets (csv_files.safe_text).
    """
    with override(language):
        return {
            fee.code: {
                "category": str(fee.get_category_display()),
                "name": csv_files.safe_text(fee.label),
            }
            for fee in Fee.objects.all()
        }
