"""Reads figures that a decision is about to change, for the operator who takes it. Nothing here
writes.
"""

from decimal import Decimal

from django.db.models import Sum
from moneyed import Money

from billing.models import BillingAccount, BillingCredit, Charge, Invoice
from lib import money


def not_posted_yet(account: BillingAccount) -> Money:
    """The sum of the account's items that are not posted yet, as they wait for the end of the day
    or the month.
    """
    waiting = account.items.filter(posted_at__isnull=True)
    found = waiting.aggregate(sum=Sum("amount", default=Decimal(0)))["sum"]
    return money.of(found, account.currency)


def left_to_credit(charge: Charge) -> Money:
    """The part of the charge for which no credit was asked for or given; rejected credits don't
    count.
    """
    counted = charge.credits.filter(status__in=BillingCredit.COUNTED)
    return charge.amount - money.total((credit.amount for credit in counted), charge.currency)


def other_unpaid_invoices(invoice: Invoice) -> int:
    """How many bills of the same account, besides this one, are unpaid."""
    unpaid = Invoice.objects.filter(account=invoice.account_id, status__in=Invoice.UNPAID)
    return unpaid.exclude(pk=invoice.pk).count()
