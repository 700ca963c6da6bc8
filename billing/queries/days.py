"""Reads the sums of each fee and posting day: the items that statements and bills are made of.

Nothing here writes. A charge counts for the day on which it posts (rule 13.1).
"""

from datetime import date

from django.db.models import Q, QuerySet
from moneyed import Money

from billing.models import BillingAccount, Charge, Fee, Invoice, InvoiceItem
from billing.models.fees import Posting
from lib import calendar
from lib.texts import has_control

# The items whose sums are the account's running figures of the same names.
OUTSTANDING, ACCRUING = "OUTSTANDING", "ACCRUING"
# The items that a bill holds which our people look at before it is issued: outstanding no more, and
# not asked for yet.
UNDER_REVIEW = "UNDER_REVIEW"
BILLED = {
    UNDER_REVIEW: Q(invoice__status=Invoice.Status.DRAFT),
    OUTSTANDING: Q(posted_at__isnull=False, invoice__isnull=True),
    ACCRUING: Q(posted_at__isnull=True, posting=Posting.DAILY),
}


def of(
    account: BillingAccount, *, billed: str = "", category: str = "", fee: str = "", month: str = ""
) -> QuerySet[InvoiceItem]:
    """The account's items, in no order, each with its fee and the bill it is on; optionally
    filtered ("" means any).

    `billed` is OUTSTANDING, UNDER_REVIEW or ACCRUING, `category` and `fee` are codes, and `month`,
    such as 2026-10, is that of the posting day.
    """
    found = account.items.select_related("fee", "invoice")
    if billed:
        found = found.filter(BILLED[billed])
    if category:
        found = found.filter(fee__category=category)
    if fee:
        found = found.filter(fee=fee)
    if month:
        first = date.fromisoformat(f"{month}-01")
        found = found.filter(posting_on__range=(first, calendar.month_end(first)))
    return found


def under_review(account: BillingAccount) -> Money:
    """What the account's drafts come to together: their totals, tax included; 0 without any.
    `account` is as accounts.of_merchant gives it.
    """
    return Money(account.held_by_drafts or 0, account.currency)  # type: ignore[attr-defined]


def find(account: BillingAccount, pk: int) -> InvoiceItem | None:
    """The account's item with this primary key, or None."""
    return of(account).filter(pk=pk).first()


def charges(item: InvoiceItem) -> QuerySet[Charge]:
    """The charges that an item is the sum of, in no order, each with its fee."""
    return item.charges.select_related("fee")


def fee_of(code: str) -> Fee | None:
    """The fee with this code; None if there is none, also for a text that no code can be."""
    if has_control(code):
        return None
    return Fee.objects.filter(pk=code).first()
