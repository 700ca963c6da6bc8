"""Reads on which days the money for bills arrived. Nothing here writes."""

from collections.abc import Sequence
from datetime import date

from django.db.models import Max, Q, QuerySet

from billing.models import BankTransfer, Invoice, Payment, UnappliedEntry
from merchants.queries import local_day


def of_payments(invoice: Invoice, attempts: Sequence[Payment]) -> dict[int, date]:
    """The local days on which those of these payments of the bill count that have succeeded, by the
    payments' primary keys.

    A transfer counts on the day on which its money arrived, also where it came as unapplied money
    that paid the bill at once. Everything else counts on the day of the payment.
    """
    paid = [one for one in attempts if one.status == Payment.Status.SUCCEEDED]
    found = {one.pk: local_day(invoice.account, one.ended_at or one.started_at) for one in paid}
    theirs = [one.pk for one in paid if one.provider == Payment.Provider.MANUAL]
    if theirs:
        transfers = BankTransfer.objects.filter(payment__in=theirs)
        found |= dict(transfers.values_list("payment", "arrived_on"))
    for one in paid:
        if one.provider == Payment.Provider.UNAPPLIED:
            # What came at the same instant, but after the payment, is not what paid.
            used = UnappliedEntry.objects.filter(kind=UnappliedEntry.Kind.USED, payment=one)
            came = BankTransfer.objects.filter(
                account=invoice.account_id,
                recorded_at=one.started_at,
                entry_id__lt=used.values("pk")[:1],
            ).aggregate(on=Max("arrived_on"))["on"]
            found[one.pk] = came or found[one.pk]
    return found


def all_on(invoice: Invoice, attempts: Sequence[Payment]) -> date | None:
    """The local day by which all money for the bill had arrived; None while it is not paid.
    `attempts` are its payments.
    """
    days = of_payments(invoice, attempts).values()
    return max(days, default=None) if invoice.status == Invoice.Status.PAID else None


def was_in_time(invoice: Invoice, attempts: Sequence[Payment]) -> bool:
    """Whether the bill failed although all its money had arrived by its due day: it was recorded as
    failed, since we heard of that money later, and is paid now. False for a bill that is not paid,
    and for one that never failed. `attempts` are its payments.
    """
    by = all_on(invoice, attempts)
    return invoice.first_failed_on is not None and by is not None and by <= invoice.due_on


def invoices_of(transfer: BankTransfer) -> QuerySet[Invoice]:
    """The bills that the transfer's money paid as it was recorded, in whole or in part, in no
    order: the one for which it came, and those paid by what of it was unapplied. Bills that its
    rest paid later are not among them.
    """
    paid = Payment.objects.filter(
        invoice__account=transfer.account_id,
        provider=Payment.Provider.UNAPPLIED,
        started_at=transfer.recorded_at,
        unapplied_entries__kind=UnappliedEntry.Kind.USED,
        unapplied_entries__gt=transfer.entry_id or 0,
    )
    its_own = Q(payments=transfer.payment_id) if transfer.payment_id else Q(pk__in=[])
    through = Q(payments__in=paid) if transfer.entry_id else Q(pk__in=[])
    found = Invoice.objects.filter(its_own | through).select_related("account").distinct()
    return found.prefetch_related("payments")
