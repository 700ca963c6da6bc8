"""What tests of payments at Stripe have in common: a shop with a card and a bill, and its state."""

from typing import Any

from moneyed import Money

from billing.models import Invoice, Payment
from billing.operations import payments
from tests import shops
from tests.factories import CardFactory, InvoiceFactory


def add_card(shop: shops.Shop, at: str, token: str, customer: str = "cus_1") -> None:
    CardFactory.create(
        shop=shop, at=at, provider="stripe", token=token, customer=customer, brand="visa"
    )


def billed_shop(**terms: Any) -> shops.Shop:
    """A shop with one open bill of 250.00, which the next run of the jobs collects from pm_1 of
    cus_1.
    """
    shop = shops.join("2026-11-01 10:00", **terms)
    add_card(shop, "2026-11-01 10:05", "pm_1")
    InvoiceFactory.create(shop=shop, at="2026-11-02 09:00", amount="250.00")
    return shop


def collect(shop: shops.Shop, at: str) -> None:
    """Make the attempt alone: a run of the jobs goes on to ask what became of it."""
    payments.collect(Invoice.objects.get().pk, now=shop.at(at))


def attempts() -> list[str]:
    """Status and failure of each attempt, in their order."""
    return [
        f"{payment.status} {payment.failure}".strip()
        for payment in Payment.objects.order_by("attempt")
    ]


def invoice() -> tuple[str, Money]:
    """Status and amount paid of the only bill."""
    found = Invoice.objects.get()
    return found.status, found.amount_paid


def next_attempt() -> str:
    """When the only bill is tried next, in UTC; "" if it is not."""
    at = Invoice.objects.get().next_attempt_at
    return f"{at:%Y-%m-%d %H:%M}" if at else ""
