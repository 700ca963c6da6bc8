"""The rows that the operators' reports about billing count, over all merchants of a currency."""

from datetime import UTC, timedelta

from django.db.models import Case, F, QuerySet, Value, When
from django.db.models.functions import TruncDate, TruncMonth

from backoffice.reports.report import Asked
from billing.models import (
    BankTransfer,
    Fee,
    Invoice,
    InvoiceItem,
    Payment,
    ProviderDay,
    UnappliedEntry,
)
from billing.queries import sums

# How long a bill is past its due day, from the longest on: at least so many days, and the name.
AGES = [(91, "4: more than 90 days"), (61, "3: 61–90 days"), (31, "2: 31–60 days"),
        (1, "1: 1–30 days")]  # fmt: skip
NOT_DUE = "0: not due"


def unpaid(asked: Asked) -> QuerySet[Invoice]:
    """The unpaid bills in the currency asked for, of any day, in no order, each with its `age`, the
    name of how long it is past its due day today (in UTC), and with what is left to pay as `left`.
    """
    past = [
        When(due_on__lte=asked.today - timedelta(days=days), then=Value(name))
        for days, name in AGES
    ]
    found = Invoice.objects.filter(currency=asked.currency, status__in=Invoice.UNPAID)
    return found.annotate(
        age=Case(*past, default=Value(NOT_DUE)), left=F("total") - F("amount_paid")
    ).select_related("account__merchant")


def revenue(asked: Asked) -> QuerySet[InvoiceItem]:
    """Return the posted items in the currency asked for whose posting day is among the
    days asked for, each with the first day of its `month` and its `fee_name`. Credits are
    among them, with amounts below 0, and so are the charges that take credits back, with
    amounts above 0. Fees by which nothing is earned are left out (Fee.UNTAXED). So the
    amounts come to what the journal has on the accounts of fees (rule 29.6), but for what
    it dates otherwise, as it came after a month was locked (rule 29.2).
    """
    found = InvoiceItem.objects.filter(
        currency=asked.currency,
        posted_at__isnull=False,
        posting_on__gte=asked.start,
        posting_on__lte=asked.end,
    ).exclude(fee__in=Fee.UNTAXED)
    return found.annotate(month=TruncMonth("posting_on"), fee_name=F("fee__name")).select_related(
        "account__merchant", "fee"
    )


def collected(asked: Asked) -> QuerySet[Payment]:
    """The payments of bills that succeeded in the time and currency asked for by money that came
    in (sums.from_outside), each with its `day` in UTC. A transfer that was booked elsewhere since
    is not among them, and is in `unapplied` where it is now; nor is one that never came, or that
    the bank took back, though its bill stays paid. What else was taken back is (rule 18.1).
    """
    found = sums.from_outside().filter(
        currency=asked.currency, ended_at__gte=asked.since, ended_at__lt=asked.until
    )
    return found.annotate(day=TruncDate("ended_at", tzinfo=UTC)).select_related(
        "invoice__account__merchant"
    )


def at_providers(asked: Asked) -> QuerySet[ProviderDay]:
    """What providers say that they took on the days and in the currency asked for, in no order, a
    row for each day and provider, beside what we have.
    """
    return ProviderDay.objects.filter(
        currency=asked.currency, day__gte=asked.start, day__lte=asked.end
    )


def unapplied(asked: Asked) -> QuerySet[UnappliedEntry]:
    """The entries of unapplied money that came in, was given back or was taken back in the time and
    currency asked for, each with its `day` in UTC. Money counts where it is booked by now: what
    came by a transfer that was booked elsewhere since, that never came, or that the bank took back
    as a whole (rule 29.16) is not among them, nor is what left the account then (MOVED).
    """
    found = UnappliedEntry.objects.filter(
        currency=asked.currency,
        kind__in=["RECEIVED", "GIVEN_BACK", "REVERSED"],
        at__gte=asked.since,
        at__lt=asked.until,
    ).exclude(transfer__status=BankTransfer.Status.MOVED)
    return found.annotate(day=TruncDate("at", tzinfo=UTC)).select_related("account__merchant")
