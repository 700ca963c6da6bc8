"""Reads figures that a decision is about to change, for the operator who takes it. Nothing here
writes.
"""

from decimal import Decimal

from django.db.models import Sum

from billing.models import BillingAccount, BillingCredit, Charge, Invoice


def not_posted_yet(account: BillingAccount) -> Decimal:
    """The sum of the account's items that wait for the end of the day or of the month, in its
    currency.
    """
    waiting = account.items.filter(posted_at__isnull=True)
    return waiting.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)


def left_to_credit(charge: Charge) -> Decimal:
    """The part of the charge for which no credit was asked for or given, in its currency."""
    counted = charge.credits.exclude(status=BillingCredit.Status.REJECTED)
    found: Decimal = charge.amount - (counted.aggregate(sum=Sum("amount"))["sum"] or Decimal(0))
    return found


def other_unpaid_invoices(invoice: Invoice) -> int:
    """How many other bills of its account are unpaid."""
    unpaid = Invoice.objects.filter(account=invoice.account_id, status__in=Invoice.UNPAID)
    return unpaid.exclude(pk=invoice.pk).count()
