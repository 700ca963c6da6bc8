"""Finds charges of an account by their references. Nothing here writes."""

from django.db.models import QuerySet

from billing.models import BillingAccount, Charge
from lib import search


def of(account: BillingAccount, *, part: str = "") -> QuerySet[Charge]:
    """The account's charges that have `part` somewhere in their reference, in any case, each with
    its fee and the bill it is on; "" means all of them.
    """
    found = search.anywhere(Charge.objects.filter(account=account), part, "reference")
    return found.select_related("fee", "item__invoice")
