"""Reads figures that a decision is about to change, for the operator who takes it. Nothing here
writes.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db.models import Sum
from moneyed import Money

from billing.models import BillingAccount, BillingCredit, Charge, Invoice, PaymentPlan
from billing.models.charges import MADE_BY_HAND
from billing.models.fees import Category
from lib import money


def not_posted_yet(account: BillingAccount) -> Money:
    """The sum of the account's items that are not posted yet, as they wait for the end of the day
    or the month.
    """
    waiting = account.items.filter(posted_at__isnull=True)
    found = waiting.aggregate(sum=Sum("amount", default=Decimal(0)))["sum"]
    return money.of(found, account.currency)


def left_to_credit(charge: Charge) -> Money:
    """The part of the charge for which no credit was asked for or given; credits that were rejected
    or taken back don't count.
    """
    counted = charge.credits.filter(status__in=BillingCredit.COUNTED)
    return charge.amount - money.total((credit.amount for credit in counted), charge.currency)


def lefts_to_credit(charges: Sequence[Charge]) -> dict[int, Money]:
    """The part of each of these charges for which no credit was asked for or given, by the charge's
    primary key; credits that were rejected or taken back don't count.
    """
    counted = BillingCredit.objects.filter(charge__in=charges, status__in=BillingCredit.COUNTED)
    found = {one.pk: one.amount for one in charges}
    for credit in counted:
        found[credit.charge_id] -= credit.amount  # type: ignore[index]
    return found


def billable(account: BillingAccount) -> Money:
    """What an ON_REQUEST bill would take: all that is outstanding but plan fees."""
    taken = account.items.filter(posted_at__isnull=False, invoice__isnull=True)
    taken = taken.exclude(fee__category=Category.SUBSCRIPTION)
    found = taken.aggregate(sum=Sum("amount", default=Decimal(0)))["sum"]
    return money.of(found, account.currency)


def charged_by_hand(account: BillingAccount) -> Money:
    """The sum of all that operators have charged the account by hand, whatever was credited of it
    since.
    """
    made = account.charges.filter(reference__startswith=MADE_BY_HAND)
    found = made.aggregate(sum=Sum("amount", default=Decimal(0)))["sum"]
    return money.of(found, account.currency)


def last_decided(invoice: Invoice) -> tuple[str, datetime] | None:
    """The operator who last decided about the bill or its collecting, or ended a pause or a payment
    plan, and when; None if nobody did. What ended by itself does not count.
    """
    decided = [(one.actor, one.at) for one in invoice.decisions.all()]
    for rows in (invoice.due_days, invoice.pauses, invoice.waivers, invoice.payment_plans):
        decided += [(one.actor, one.at) for one in rows.all()]
    # Jobs end plans that are kept or broken; pauses that are over have nobody.
    cancelled = invoice.payment_plans.filter(status=PaymentPlan.Status.CANCELLED)
    for ended in (invoice.pauses.exclude(ended_by=""), cancelled):
        decided += [(one.ended_by, one.ended_at) for one in ended if one.ended_at]
    return max(decided, key=lambda one: one[1], default=None)


def other_unpaid_invoices(invoice: Invoice) -> int:
    """How many bills of the same account, besides this one, are unpaid and have no payment plan in
    force: with one, a bill freezes the credit line as little as if it were paid.
    """
    unpaid = Invoice.objects.filter(account=invoice.account_id, status__in=Invoice.UNPAID)
    others = unpaid.exclude(pk=invoice.pk)
    return others.exclude(payment_plans__status=PaymentPlan.Status.IN_FORCE).count()
