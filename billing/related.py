"""What billing knows of an order: the cost of its fulfilment, and the bills that it is on.

A fulfilment request belongs to the order of the same reference (rule 10.24).
"""

from collections.abc import Iterator

from django.db.models import Sum
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.models import Charge
from billing.queries import requests
from credit import related
from credit.models import CreditLine, Order
from credit.related import Related
from lib import money
from merchants import installation

MOST_INVOICES = 10


def register() -> None:
    """Add the costs of fulfilment and their bills to the pages of orders; BillingConfig.ready calls
    it.
    """
    related.FINDERS.register(related.Finder(10, _of_order))


def _of_order(line: CreditLine, order: Order) -> Iterator[Related]:
    """Yield the cost of the order's fulfilment request, and the part of it on each bill, oldest
    bill first and at most MOST_INVOICES of them; nothing if there is no such request. Each leads to
    its page.
    """
    found = requests.of_order(order)
    if found is None:
        return
    account = found.account
    merchant = line.merchant.reference
    cost = requests.costs([found])[found]
    yield Related(
        _("Fulfilment costs"),
        found.reference,
        reverse("billing:request", args=[merchant, found.reference]),
        money.of(cost.amount, account.currency),
        is_cost=True,
    )
    on_invoices = (
        Charge.objects.filter(account=account, request=found.reference)
        .filter(item__invoice__number__gt="")
        .order_by("item__invoice_id")
        .values_list("item__invoice__number")
        .annotate(Sum("amount"))
    )
    for number, amount in on_invoices[:MOST_INVOICES]:
        address = reverse("billing:invoice", args=[merchant, number])
        yield Related(
            _("Of this, on bill"),
            installation.outside(number),
            address,
            money.of(amount, account.currency),
        )
