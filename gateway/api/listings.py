"""Which rows of the books the API lists.

What a merchant's own systems may read is what its people see on their pages: no colleague's reason,
and no name of one of our people.
"""

from datetime import datetime
from functools import partial

from django.db.models import Q

from billing.models import Charge, Invoice, InvoiceDecision, Payment
from billing.queries import book_tables as billing
from credit.models import (
    Freeze,
    LimitEntry,
    LimitReview,
    Order,
    OrderPayment,
    OrderRefund,
    ProceedsEntry,
    Withdrawal,
)
from credit.queries import books as credit
from gateway.api.lists import Listing

OF_LINE = partial(Listing, owner="line_id")


def _order_changed(since: datetime) -> Q:
    """The condition that an order was written off at or after `since`, or took a step of which we
    were told then: placing, shipping, delivery, cancelling, a payment or a refund.
    """
    told = Q(placed_at__gte=since) | Q(shipped_told_at__gte=since)
    told |= Q(delivered_told_at__gte=since) | Q(cancelled_at__gte=since)
    told |= Q(written_off_at__gte=since)
    paid = OrderPayment.objects.filter(arrived_at__gte=since).values("order")
    refunded = OrderRefund.objects.filter(arrived_at__gte=since).values("order")
    return told | Q(pk__in=paid) | Q(pk__in=refunded)


def _invoice_changed(since: datetime) -> Q:
    """The condition that an invoice was issued, tried, paid or decided about, or failed first, at
    or after `since`.
    """
    own = Q(issued_at__gte=since) | Q(paid_at__gte=since) | Q(first_failed_at__gte=since)
    tried = Payment.objects.filter(Q(started_at__gte=since) | Q(ended_at__gte=since))
    decided = InvoiceDecision.objects.filter(at__gte=since)
    return own | Q(pk__in=tried.values("invoice")) | Q(pk__in=decided.values("invoice"))


def _withdrawal_changed(since: datetime) -> Q:
    """The condition that a withdrawal took a step at or after `since`, or is UNKNOWN: nothing says
    since when, and whoever asks for changes alone would never see it.
    """
    asked = Q(requested_at__gte=since) | Q(approved_at__gte=since)
    ended = Q(ended_at__gte=since) | Q(corrected_at__gte=since) | Q(returned_at__gte=since)
    unknown = Q(status=Withdrawal.Status.UNKNOWN)
    return asked | Q(sent_at__gte=since) | unknown | ended


ORDERS = OF_LINE("Order", Order, credit.ORDERS, since=_order_changed)
LIMIT_ENTRIES = OF_LINE(
    "LimitEntry",
    LimitEntry,
    credit.LIMIT_ENTRIES,
    since=lambda since: Q(at__gte=since),
    but="actor reason",
)
FREEZES = OF_LINE(
    "Freeze",
    Freeze,
    credit.FREEZES,
    since=lambda since: Q(placed_at__gte=since) | Q(lifted_at__gte=since),
    but="placed_by note lifted_by lift_note",
)
REVIEWS = OF_LINE(
    "LimitReview",
    LimitReview,
    credit.REVIEWS,
    since=lambda since: Q(at__gte=since) | Q(decided_at__gte=since),
    but="decided_by decision_reason",
)
PROCEEDS = OF_LINE(
    "ProceedsEntry",
    ProceedsEntry,
    credit.PROCEEDS,
    since=lambda since: Q(at__gte=since),
    but="actor reason",
)
WITHDRAWALS = OF_LINE(
    "Withdrawal",
    Withdrawal,
    credit.WITHDRAWALS,
    since=_withdrawal_changed,
    but="batch provider requested_by approved_by sent_by ended_by corrected_by returned_by problem"
    " flagged_late_at",
)
CHARGES = Listing(
    "Charge",
    Charge,
    billing.CHARGES,
    owner="account_id",
    since=lambda since: Q(arrived_at__gte=since),
)
INVOICES = Listing(
    "Invoice",
    Invoice,
    billing.INVOICES,
    owner="account_id",
    since=_invoice_changed,
    but="drafted_at next_attempt_by",
)
