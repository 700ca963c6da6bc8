"""What a decision is going to move, for whoever is about to take it. Nothing here writes."""

from decimal import Decimal

from django.db.models import Sum

from billing.models import BillingAccount, BillingCredit, Charge, Invoice


def not_posted_yet(account: BillingAccount) -> Decimal:
    """What waits for the end of the day or of the month, in the account's currency."""
    waiting = account.items.filter(posted_at__isnull=True)
    return waiting.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)


def left_to_credit(charge: Charge) -> Decimal:
    """What of the charge nobody has asked back yet, or got back."""
    counted = charge.credits.exclude(status=BillingCredit.Status.REJECTED)
    found: Decimal = charge.amount - (counted.aggregate(sum=Sum("amount"))["sum"] or Decimal(0))
    return found


def other_unpaid_bills(bill: Invoice) -> int:
    """How many other bills of its account money is wanted for."""
    unpaid = Invoice.objects.filter(account=bill.account_id, status__in=Invoice.UNPAID)
    return unpaid.exclude(pk=bill.pk).count()
