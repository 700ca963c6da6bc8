"""Reads attempts to collect a bill that have no answer yet. Nothing here writes."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from billing.models import Invoice, Payment

# A provider's answer comes, or is given up, long before that (billing.providers.registry): if none
# is recorded, the process that asked has died.
ANSWERED_WITHIN = timedelta(minutes=10)
UNDECIDED = (Payment.Status.PENDING, Payment.Status.UNKNOWN)


def payment(invoice_id: int) -> Payment | None:
    """The attempt on the bill that has no answer yet, of which there is at most one; None if there
    is none.
    """
    payments = Payment.objects.select_related("card", "invoice")
    return payments.filter(invoice=invoice_id, status__in=UNDECIDED).first()


def exists(invoice: Invoice) -> bool:
    """Whether an attempt on the locked bill has no answer yet."""
    return invoice.payments.filter(status__in=UNDECIDED).exists()


def of_account(account_id: int) -> bool:
    """Whether an attempt on any bill of the locked account has no answer yet."""
    return Payment.objects.filter(invoice__account=account_id, status__in=UNDECIDED).exists()


def without_an_answer(now: datetime) -> Q:
    """The condition that an attempt is undecided and nobody is asking its provider: its status is
    UNKNOWN, or the process that asked must have died.
    """
    left_alone = Q(status=Payment.Status.PENDING, started_at__lte=now - ANSWERED_WITHIN)
    return left_alone | Q(status=Payment.Status.UNKNOWN)


def to_reconcile(now: datetime) -> Sequence[int]:
    """The primary keys of the attempts without an answer that a provider is to be asked about by
    `now`, in random order.

    A run stops asking a provider that keeps silent. In a fixed order, the same attempts would come
    first each time, and the others never.
    """
    found = Payment.objects.filter(without_an_answer(now))
    return list(found.order_by("?").values_list("pk", flat=True))
