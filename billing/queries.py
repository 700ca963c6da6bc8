"""Questions about accounts, statements and bills. Nothing here writes."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef

from billing.models import BillingAccount, Invoice, Payment


def accounts_with_a_day_to_work_off(now: datetime) -> Sequence[int]:
    """The accounts whose open day has ended by `now`."""
    return list(
        BillingAccount.objects.filter(open_until__lte=now)
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def bills_to_collect(now: datetime) -> Sequence[int]:
    """Open bills of accounts that pay by themselves, with no attempt yet or one cut short."""
    ended = Payment.objects.filter(invoice=OuterRef("pk")).exclude(status=Payment.Status.PENDING)
    return list(
        Invoice.objects.filter(status=Invoice.Status.OPEN, issued_at__lte=now)
        .exclude(account__payment_method=BillingAccount.Method.MANUAL)
        .filter(~Exists(ended))
        .order_by("pk")
        .values_list("pk", flat=True)
    )
