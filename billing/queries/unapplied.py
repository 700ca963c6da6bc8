"""Reads the money of an account that no bill wanted. Nothing here writes."""

from collections.abc import Sequence

from django.db.models import Q, QuerySet

from billing.models import BillingAccount, Invoice, Payment, UnappliedEntry


def entries(account: BillingAccount, *, kind: str = "") -> QuerySet[UnappliedEntry]:
    """The entries of the account's unapplied money, in no order, each with its payment and that
    payment's bill, if it has one; only those of this kind if one is given. What came is above 0,
    what was used, given back, taken back or booked elsewhere below 0.
    """
    found = account.unapplied_entries.select_related("payment__invoice")
    return found.filter(kind=kind) if kind else found


def more_than_wanted(invoice: Invoice, attempts: Sequence[Payment]) -> QuerySet[UnappliedEntry]:
    """The entries of unapplied money that came for the bill, beyond what it needed: unexpectedly
    for one of its attempts, or by a transfer that named it, all of it or what it did not pay.
    `attempts` are all of the bill's.
    """
    theirs = [one.pk for one in attempts if one.provider == Payment.Provider.MANUAL]
    came = invoice.account.unapplied_entries.filter(kind=UnappliedEntry.Kind.RECEIVED)
    by_transfer = Q(transfer__payment__in=theirs) | Q(transfer__named=invoice)
    return came.filter(Q(payment__invoice=invoice) | by_transfer).select_related("transfer")
