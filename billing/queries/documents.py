"""Reads what there is for a merchant's accountant: years of documents, archives, addresses that
documents are mailed to, and what is still to be mailed. Nothing here writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum

from billing.models import (
    BillingAccount,
    BillingAddress,
    Invoice,
    Statement,
    YearArchive,
)
from billing.models.documents import CONFIRM_WITHIN
from lib import calendar

# What is built while its reader waits; the rest is built by a job.
SMALL_DOCUMENTS, SMALL_CHARGES = 40, 10_000
MAILED_WITHIN = timedelta(days=45)  # documents that are older are not mailed any more
Document = Invoice | Statement

# By the index of each account's latest bills, and that of its statements.
DUE = """
SELECT address.id FROM billing_billingaddress address
JOIN billing_billingaccount account ON account.merchant_id = address.account_id
WHERE address.ended_at IS NULL
  AND (address.next_mail_at IS NULL OR address.next_mail_at <= %(now)s) AND (
    (address.confirmed_at IS NULL AND address.asked_at IS NULL
     AND address.added_at > %(asked_since)s)
    OR EXISTS (
        SELECT 1 FROM billing_invoice invoice
        WHERE invoice.account_id = address.account_id AND invoice.number IS NOT NULL
          AND invoice.issued_at >= greatest(address.confirmed_at, %(since)s)
          AND address.confirmed_at IS NOT NULL
          AND (address.schedule = 'EACH'
               OR invoice.issued_on < date_trunc('month', account.open_on::timestamp))
          AND NOT EXISTS (SELECT 1 FROM billing_documentmail mail
                          WHERE mail.address_id = address.id AND mail.invoice_id = invoice.id))
    OR EXISTS (
        SELECT 1 FROM billing_statement statement
        WHERE statement.account_id = address.account_id
          AND statement.closed_at >= greatest(address.confirmed_at, %(since)s)
          AND address.confirmed_at IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM billing_documentmail mail
                          WHERE mail.address_id = address.id AND mail.statement_id = statement.id))
)
ORDER BY address.failures, address.id
"""


@dataclass(frozen=True)
class Year:
    """How many documents an account has of a year, and the charges on its statements."""

    year: int
    invoices: int
    statements: int
    charges: int
    archive: YearArchive | None  # the latest that is being built or kept

    @property
    def is_small(self) -> bool:
        """Whether the year's ZIP file is made while the reader waits, as it has few documents and
        charges.
        """
        documents = self.invoices + self.statements
        return documents <= SMALL_DOCUMENTS and self.charges <= SMALL_CHARGES


def years(account: BillingAccount) -> Sequence[Year]:
    """For each year of which the account has bills with a number or closed statements, the latest
    first: how many it has of both, how many charges are on those statements, and the latest ZIP
    file of the year that is being built or kept.
    """
    numbered = account.invoices.filter(number__isnull=False).order_by()
    invoices = dict(numbered.values_list("issued_on__year").annotate(count=Count("pk")))
    closed = account.statements.filter(closed_at__isnull=False).order_by()
    statements = {
        year: (count, charges)
        for year, count, charges in closed.values_list("month__year").annotate(
            count=Count("pk", distinct=True), listed=Sum("totals__charge_count")
        )
    }
    kept = account.archives.exclude(status=YearArchive.Status.EXPIRED).order_by("pk")
    archives = {archive.year: archive for archive in kept}
    return [
        Year(year, invoices.get(year, 0), *statements.get(year, (0, 0)), archives.get(year))
        for year in sorted(invoices.keys() | statements.keys(), reverse=True)
    ]


def addresses(account: BillingAccount) -> QuerySet[BillingAddress]:
    """The addresses in force, in the alphabet's order: those that get the account's documents, and
    those that have not confirmed yet.
    """
    return account.addresses.filter(ended_at__isnull=True).order_by("email")


def archives_to_do(now: datetime) -> Sequence[int]:
    """The primary keys, rising, of the ZIP files of years that are to be built, and of those that
    have been kept for long enough by `now`, which are to be dropped.
    """
    waiting = Q(status=YearArchive.Status.WAITING)
    over = Q(status=YearArchive.Status.READY, kept_until__lte=now)
    return list(
        YearArchive.objects.filter(waiting | over).order_by("pk").values_list("pk", flat=True)
    )


def addresses_to_mail(now: datetime) -> Sequence[int]:
    """The primary keys of the addresses that are to be mailed by `now`, those with the fewest
    failures first. New ones are sent the link by which they confirm, if they were not sent it yet
    and were added within CONFIRM_WITHIN. Confirmed ones are sent documents that came since then and
    within MAILED_WITHIN, and that they have not had; bills of a month only once it has ended, if
    they get documents by month. An address whose mail server refused is left out until its next
    try.
    """
    with connection.cursor() as cursor:
        within = {"since": now - MAILED_WITHIN, "asked_since": now - CONFIRM_WITHIN}
        cursor.execute(DUE, within | {"now": now})
        return [key for (key,) in cursor.fetchall()]


def documents_for(address: BillingAddress, now: datetime) -> Sequence[Sequence[Document]]:
    """The documents that are still to be mailed to the confirmed address, of those that came since
    it confirmed and within MAILED_WITHIN: a list for each mail. That is of one document, bills
    first and oldest first, or, for an address that gets them by month, of those of one month that
    has ended by the account's days, oldest month first. A month's documents are the bills issued in
    it and its statement. There are none for an address that has not confirmed.
    """
    since = max(now - MAILED_WITHIN, address.confirmed_at or now)
    mailed = address.mails.all()
    invoices = Invoice.objects.filter(
        account=address.account_id, number__isnull=False, issued_at__gte=since
    ).exclude(pk__in=mailed.filter(invoice__isnull=False).values("invoice"))
    statements = Statement.objects.filter(account=address.account_id, closed_at__gte=since).exclude(
        pk__in=mailed.filter(statement__isnull=False).values("statement")
    )
    found: list[Document] = [
        *invoices.select_related("account__merchant").order_by("issued_at", "pk"),
        *statements.select_related("account__merchant").order_by("month"),
    ]
    if address.schedule == BillingAddress.Schedule.EACH:
        return [[one] for one in found]
    months: dict[date, list[Document]] = {}
    for one in found:
        months.setdefault(month_of(one), []).append(one)
    open_month = calendar.month_of(address.account.open_on)
    return [rows for month, rows in sorted(months.items()) if month < open_month]


def month_of(document: Document) -> date:
    """Return the first day of the month that a statement or a bill belongs to. It is a
    statement's own month, and a bill's is the one with the merchant's local day on which it
    was issued.
    """
    if isinstance(document, Invoice):
        return calendar.month_of(document.issued_on)
    return document.month
