"""Finds charges of an account by their references and fees. Nothing here writes."""

from collections.abc import Sequence

from django.db.models import Q, QuerySet, Sum

from billing.models import BillingAccount, Charge, Fee
from billing.queries.requests import in_order
from lib import figures, search


def of(account: BillingAccount, *, part: str = "", fee: str = "") -> QuerySet[Charge]:
    """The account's charges, in no order, each with its fee and the bill it is on: those that have
    `part` somewhere in their reference, in any case, and are of the fee with this code; "" means
    all of them.

    Those of a fee with few charges are found by its items, and nothing else is read; of one with
    many, each page of the list soon meets as many as it shows.
    """
    found = search.anywhere(Charge.objects.filter(account=account), part, "reference")
    if fee:
        found = found.filter(fee=fee)
        items = account.items.filter(fee=fee)
        count = items.aggregate(count=Sum("charge_count"))["count"] or 0
        if count <= figures.MOST:
            found = found.filter(item__in=list(items.values_list("pk", flat=True)))
    return found.select_related("fee", "item__invoice")


def named(found: QuerySet[Charge], account_id: int, reference: str) -> QuerySet[Charge]:
    """Those of `found`, charges of this account, that have this reference or are of the request
    with it; all of them for "". Their order stays.
    """
    if not reference:
        return found
    account = Q(account=account_id)  # so that both indexes can be used
    return found.filter(account & Q(request=reference) | account & Q(reference=reference))


def fees(account: BillingAccount) -> Sequence[Fee]:
    """The fees that the account has charges of, by category, and by name within each."""
    return in_order(Fee.objects.filter(pk__in=account.items.values("fee").distinct()))
