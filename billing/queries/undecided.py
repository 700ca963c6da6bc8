"""Reads attempts to collect a bill that have no answer yet. Nothing here writes."""

from billing.models import Invoice, Payment

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
