"""Reads whom a merchant's bills are made out to (rule 28.10)."""

from django.db.models import QuerySet

from billing.models import BillingAccount, BillingDetails


def latest(account: BillingAccount) -> BillingDetails | None:
    """The version of the account's billing details that was said last, whatever its status; None
    without any.
    """
    return account.all_details.order_by("-version").first()


def of(account: BillingAccount) -> "QuerySet[BillingDetails]":
    """All versions of the account's billing details, the latest first."""
    return account.all_details.order_by("-version")


def is_waiting(account: BillingAccount) -> bool:
    """Whether the account's latest billing details wait for us to confirm them."""
    return account.all_details.filter(status=BillingDetails.Status.WAITING).exists()
