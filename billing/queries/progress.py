"""Reads how far merchants' months are closed, and up to when their cycles are billed. Nothing here
writes.
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection

from billing.models import BillingAccount
from lib import calendar

LATEST_INVOICES = 10_000  # among which the last bills of a date are looked for
LAST_INVOICE_DATE = """
SELECT issued_on, max(issued_at), count(*)
FROM (SELECT kind, issued_on, issued_at FROM billing_invoice ORDER BY id DESC LIMIT %s) latest
WHERE kind IN ('SUBSCRIPTION', 'CYCLE') GROUP BY issued_on ORDER BY issued_on DESC LIMIT 1
"""


@dataclass(frozen=True)
class LastInvoiceDate:
    """The latest local date on which cycle and plan bills were written, and how many have that
    date.
    """

    on: date
    at: datetime  # when the last of them was issued
    invoices: int


@dataclass(frozen=True)
class Closed:
    """How far months are closed: by all merchants, and by the first of them."""

    by_all: date  # the last month that nobody has open any more
    by_first: date  # the last month that somebody has closed
    behind: str  # the merchant whose day has been open for longest


def closed() -> Closed | None:
    """The last month that all accounts have closed and the last that the foremost has closed, both
    by their first days, and the reference of the merchant that is furthest behind; None where there
    are no accounts. Closed accounts count, too.
    """
    accounts = BillingAccount.objects.select_related("merchant")
    first, last = accounts.order_by("open_until").first(), accounts.order_by("-open_until").first()
    if first is None or last is None:
        return None
    by_all, by_first = (_month_before(account.open_on) for account in (first, last))
    return Closed(by_all=by_all, by_first=by_first, behind=first.merchant.reference)


def _month_before(day: date) -> date:
    """The month before that of the day, by its first day."""
    return calendar.month_of(calendar.month_of(day) - calendar.ONE_DAY)


def last_invoice_date() -> LastInvoiceDate | None:
    """The latest local date of cycle and plan bills among the latest LATEST_INVOICES bills of any
    kind, when the last of them was issued, and how many of those looked at have that date; None if
    there is no such bill among them.
    """
    with connection.cursor() as cursor:
        cursor.execute(LAST_INVOICE_DATE, [LATEST_INVOICES])
        found = cursor.fetchone()
    return LastInvoiceDate(*found) if found else None
