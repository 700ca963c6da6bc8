"""What billing knows of an order: the cost of its fulfilment, and the bills that it is on.

A fulfilment request belongs to the order of the same reference (rule 10.24).
"""

from collections.abc import Iterator
from decimal import Decimal

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from billing.queries import requests
from credit import related
from credit.models import CreditLine, Order
from credit.related import Related
from lib import formats, money
from merchants import installation

MOST_INVOICES = 10


def register() -> None:
    """Add the costs of fulfilment and their bills to the pages of orders; BillingConfig.ready calls
    it.
    """
    related.FINDERS.register(related.Finder(10, _of_order))


def _of_order(line: CreditLine, order: Order) -> Iterator[Related]:
    """Yield the cost of the order's fulfilment request, the part of it on each bill, oldest bill
    first and at most MOST_INVOICES of them, that on all others together, and what is on none yet,
    so that the parts add up to the cost; nothing if there is no such request. Each leads to its
    page, but for what is not billed yet; others are on the request's page.
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
    on_invoices = list(cost.by_invoice.items())
    for number, amount in on_invoices[:MOST_INVOICES]:
        address = reverse("billing:invoice", args=[merchant, number])
        yield Related(
            _("Of this, on bill"),
            installation.outside(number),
            address,
            money.of(amount, account.currency),
        )
    if others := [amount for _number, amount in on_invoices[MOST_INVOICES:]]:
        yield Related(
            _("Of this, on"),
            ngettext("%(count)s more bill", "%(count)s more bills", len(others))
            % {"count": formats.count(len(others))},
            reverse("billing:request", args=[merchant, found.reference]),
            money.of(sum(others, Decimal(0)), account.currency),
        )
    if cost.not_billed:
        yield Related(
            _("Of this, not billed yet"), "", "", money.of(cost.not_billed, account.currency)
        )
