"""Reads billing accounts. Nothing here writes."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import OuterRef, Subquery, Sum

from billing.models import AccountChange, BillingAccount, Invoice
from lib import prepared
from merchants.models import Merchant

DAY_ENDS_FROM = "SELECT min(open_until) FROM billing_billingaccount"


def with_a_day_to_work_off(now: datetime) -> Sequence[int]:
    """The keys of the accounts, closed ones included, whose open day has ended by `now`; in their
    order.
    """
    return list(
        BillingAccount.objects.filter(open_until__lte=now)
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def day_ends_from() -> datetime | None:
    """The earliest instant at which an account's open day ends or ended; None without any
    account.
    """
    row = prepared.row(DAY_ENDS_FROM, ())
    return row[0] if row else None


def of_merchant(merchant: Merchant) -> BillingAccount | None:
    """The merchant's billing account, open or closed, with what its drafts come to in
    `held_by_drafts`; None if it has no account.
    """
    found = BillingAccount.objects.annotate(held_by_drafts=_drafts())
    return found.filter(merchant=merchant).first()


def with_line(merchant: Merchant) -> BillingAccount | None:
    """The merchant's billing account as `of_merchant` gives it, with `merchant.credit_line`, the
    card and the billing details in force loaded; None unless the merchant has both an account and a
    line.
    """
    both = BillingAccount.objects.select_related("merchant__credit_line", "card", "details")
    both = both.annotate(held_by_drafts=_drafts())
    return both.filter(merchant=merchant, merchant__credit_line__isnull=False).first()


def _drafts() -> Subquery:
    """A subquery, for queries of accounts, for the sum of the totals of their drafts, tax included;
    NULL without any.
    """
    drafts = Invoice.objects.filter(account=OuterRef("pk"), status=Invoice.Status.DRAFT)
    return Subquery(drafts.order_by().values("account").annotate(sum=Sum("total")).values("sum"))


def method_chosen_by(account: BillingAccount) -> str:
    """Who changed the account's payment method last, as the change names them (its `actor`); "" if
    it was never changed since the account was opened.
    """
    chosen = account.changes.filter(what=AccountChange.What.PAYMENT_METHOD).order_by("-pk")
    return chosen.values_list("actor", flat=True).first() or ""
