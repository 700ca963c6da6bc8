"""The taxes of a bill as its page, PDF and files show them (rule 28.2)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from moneyed import Money

from billing.models import BillingAccount, Invoice, InvoiceLine, InvoiceTax
from billing.queries.sections import Sections
from billing.tax import REVERSE_CHARGE_SENTENCE, TaxCategory
from lib import money
from lib.formats import quantity


@dataclass(frozen=True)
class TaxSum:
    """What one rate comes to on a bill, what credits correct of other bills included."""

    category: TaxCategory
    percent: Decimal
    base: Money
    tax: Money
    sentence: str  # why nothing is due, in the issuer's words

    @property
    def label(self) -> str:
        """The rate's name in the reader's language, such as "Tax 19%"."""
        return rate_text(self.category, self.percent)

    @property
    def note(self) -> str:
        """The sentence that the bill prints for this rate: that of reverse charge in the reader's
        language, any other as the issuer has written it; "" without one.
        """
        if self.category == TaxCategory.REVERSE_CHARGE:
            return str(REVERSE_CHARGE_SENTENCE)
        return self.sentence


def rate_text(category: str, percent: Decimal) -> str:
    """The name of a tax rate in the reader's language: "Tax 19%", "Reverse charge". `category` is a
    code of TaxCategory; any other, also "", raises ValueError.
    """
    if category == TaxCategory.STANDARD:
        return _("Tax %(percent)s") % {"percent": percent_text(percent)}
    return str(TaxCategory(category).label)


def percent_text(percent: Decimal) -> str:
    """The per cent of a rate as text in the reader's language, without trailing zeros: "19%"."""
    return f"{quantity(percent)}%"


def of_invoice(invoice: Invoice, lines: Sections[InvoiceLine]) -> Sequence[TaxSum]:
    """What was stored as the bill's taxes, summed by rate, the highest rate first; with what its
    credits correct of other bills' taxes. Rates without tax, such as reverse charge, are among
    them, with a tax of 0.

    `lines`, the bill's own, only tell whether it has tax: the result is empty if none of them has a
    tax category.
    """
    if not any(line.tax_category for section in lines.sections for line in section.rows):
        return []
    rows: dict[tuple[str, Decimal], list[InvoiceTax]] = defaultdict(list)
    for row in invoice.taxes.order_by("-percent", "category", "pk"):
        rows[row.category, row.percent].append(row)
    return [
        TaxSum(
            TaxCategory(category),
            percent,
            money.total((row.base for row in found), invoice.currency),
            money.total((row.tax for row in found), invoice.currency),
            found[0].sentence,
        )
        for (category, percent), found in rows.items()
    ]


def are_added(account: BillingAccount, at: datetime | None = None) -> bool:
    """Whether the account's bills add tax to amounts that statements show without it: whether the
    last bill that was issued by the instant `at`, or the first one after it if there was none, has
    tax to pay. Without `at`, that is the latest bill. False for an account without bills. Void
    bills count, drafts do not.

    So a statement that is closed says the same for as long as a bill was there before it.
    """
    taxed = InvoiceTax.objects.filter(invoice=OuterRef("pk"), tax__gt=0)
    issued = account.invoices.filter(number__isnull=False).annotate(is_taxed=Exists(taxed))
    earlier = issued.filter(issued_at__lte=at) if at else issued
    found = earlier.order_by("-issued_at", "-pk").first()
    if found is None and at is not None:
        found = issued.order_by("issued_at", "pk").first()
    return found is not None and found.is_taxed


def has_any(account: BillingAccount) -> bool:
    """Whether any bill of the account, drafts included, has a rate of tax, be it one by which no
    tax is due, such as reverse charge.
    """
    return InvoiceTax.objects.filter(invoice__account=account).exists()
