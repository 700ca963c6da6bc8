"""Reads sums over all accounts, and what was billed and collected lately, by currency.

Nothing here writes. Accounts and unpaid bills are thousands; of other rows only those after an
instant are read.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import TruncDate

from billing.models import BankTransfer, BillingAccount, Invoice, Payment


def unbilled() -> dict[str, Decimal]:
    """For each currency, the sum of all accounts' charges that are on no bill yet, nor on a draft:
    those that have posted, and those that post as the open day ends, without tax. Charges that wait
    for the month's end are left out. Where there are cells, it is that of the present cell's
    accounts.
    """
    found = BillingAccount.objects.order_by().values_list("currency")
    return dict(found.annotate(worth=Sum(F("outstanding") + F("accruing"))))


def unpaid() -> dict[str, Decimal]:
    """For each currency, what is left to pay of all merchants' unpaid bills: those that are open
    and those marked uncollectible, and no drafts.
    """
    found = Invoice.objects.filter(status__in=Invoice.UNPAID).order_by().values_list("currency")
    return dict(found.annotate(worth=Sum(F("total") - F("amount_paid"))))


Days = Sequence[tuple[date, str, int, Decimal]]  # day in UTC, currency, how many, what they come to


def billed_by_day(since: datetime) -> Days:
    """The count and total, tax included, of all merchants' bills issued since that instant, by day
    (in UTC) and currency; void ones are included, drafts are not. A day without any is left out.
    """
    issued = Invoice.objects.filter(number__isnull=False)
    return _by_day(issued, "issued_at", "total", since)


def from_outside() -> QuerySet[Payment]:
    """The payments that succeeded by money that came in: not those from proceeds, unapplied money
    or credits, nor waivers, nor what was settled before its bill came to Tael; and no transfer that
    was taken off the bill's account since, as it was booked elsewhere, never came, or was taken
    back by the bank (rule 17.9, rule 29.16).
    """
    found = Payment.objects.filter(status=Payment.Status.SUCCEEDED)
    found = found.exclude(provider__in=Payment.NOT_FROM_OUTSIDE)
    return found.exclude(transfer__status=BankTransfer.Status.MOVED)


def collected_by_day(since: datetime) -> Days:
    """The count and sum of the payments by money that came in (from_outside) and that began since
    that instant, by the day (in UTC) on which they began, and by currency.
    """
    return _by_day(from_outside(), "started_at", "amount", since)


def failed_by_day(since: datetime) -> Days:
    """The count and sum of the attempts to collect that began since that instant and failed, by the
    day (in UTC) on which they began, and by currency; those from proceeds, too.
    """
    failed = Payment.objects.filter(status=Payment.Status.FAILED)
    return _by_day(failed, "started_at", "amount", since)


def _by_day(rows: Any, field: str, amount: str, since: datetime) -> Days:
    """The count and the sum of `amount` of the rows whose instant `field` is not before `since`, by
    day (in UTC) and currency, in no particular order; both are names of columns.
    """
    lately = rows.filter(**{f"{field}__gte": since}).order_by()
    return list(
        lately.values_list(TruncDate(field, tzinfo=UTC), "currency").annotate(
            many=Count("pk"), worth=Sum(amount)
        )
    )
