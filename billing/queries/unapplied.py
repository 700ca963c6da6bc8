"""Reads the money of an account that no bill wanted. Nothing here writes."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Cast, Concat

from billing.models import (
    BankLine,
    BankTransfer,
    BillingAccount,
    Invoice,
    Payment,
    UnappliedEntry,
)

Kind = UnappliedEntry.Kind


def entries(account: BillingAccount, *, kind: str = "") -> QuerySet[UnappliedEntry]:
    """The entries of the account's unapplied money, in no order, each with its payment and that
    payment's bill, if it has one; only those of this kind if one is given. What came is above 0,
    what was used, given back, taken back or booked elsewhere below 0.

    What left as the bank had taken it back (rule 29.16) has `was_returned`; it counts as taken
    back, though its kind is MOVED. What left as it had never come has `never_came`, and counts as
    NEVER_CAME.
    """
    found = account.unapplied_entries.select_related("payment__invoice").annotate(
        was_returned=Case(
            When(kind=Kind.MOVED, then=Exists(_returns(OuterRef("account"), OuterRef("at")))),
            default=Value(False),
        ),
        never_came=Case(
            When(kind=Kind.MOVED, was_returned=False, then=~Exists(_elsewhere(OuterRef("source")))),
            default=Value(False),
        ),
    )
    if kind == UnappliedEntry.NEVER_CAME:
        return found.filter(never_came=True)
    if kind == Kind.MOVED:
        return found.filter(kind=kind, was_returned=False, never_came=False)
    if kind == Kind.REVERSED:
        return found.filter(Q(kind=kind) | Q(was_returned=True))
    return found.filter(kind=kind) if kind else found


def _returns(account: Any, at: Any) -> QuerySet[BankLine]:
    """The lines by which a bank took back money that was taken off the account at this instant,
    which is the one at which they are booked. Both are values, or expressions of an outer query.
    """
    return BankLine.objects.filter(
        account=account,
        booked_at=at,
        status=BankLine.Status.BOOKED,
        amount__lt=0,
        reversal__isnull=True,
    )


def _elsewhere(source: Any) -> QuerySet[BankTransfer]:
    """The transfer whose money left by the entry MOVED of this source, if that is booked
    elsewhere.
    """
    of_moving = Concat(Value("moved:"), Cast("pk", CharField()))
    booked = BankTransfer.objects.filter(becomes__isnull=False)
    return booked.annotate(of_moving=of_moving).filter(of_moving=source)


def was_returned(transfer: BankTransfer) -> bool:
    """Whether the transfer was taken off its account as the bank had taken its money back (rule
    29.16), and not as it was booked elsewhere or never came.
    """
    if transfer.moved_at is None or transfer.becomes_id is not None:
        return False
    return _returns(transfer.account_id, transfer.moved_at).exists()


def more_than_wanted(invoice: Invoice, attempts: Sequence[Payment]) -> QuerySet[UnappliedEntry]:
    """The entries of unapplied money that came for the bill, beyond what it needed: unexpectedly
    for one of its attempts, or by a transfer that named it, all of it or what it did not pay.
    `attempts` are all of the bill's.
    """
    theirs = [one.pk for one in attempts if one.provider == Payment.Provider.MANUAL]
    came = invoice.account.unapplied_entries.filter(kind=UnappliedEntry.Kind.RECEIVED)
    by_transfer = Q(transfer__payment__in=theirs) | Q(transfer__named=invoice)
    return came.filter(Q(payment__invoice=invoice) | by_transfer).select_related("transfer")
